#pragma once

#include <nghttp2/nghttp2.h>
#include <sys/types.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "net/http2/http2_fields.h"

namespace slipway::net {

// What the server's and the client's half of HTTP/2 have in common in their dealings with the
// library; for their insides alone, since its types show here.

/// Bytes in front of each frame (RFC 9113 4.1).
inline constexpr std::size_t kFrameHead = 9;
/// Frames that continue one head; eight full ones hold far more than a head may.
inline constexpr std::size_t kMostContinuations = 8;
/// The payload of one frame of DATA that is sent: small enough that streams take turns.
inline constexpr ssize_t kLargestSent = 64 * 1024;

inline std::string_view View(const std::uint8_t* text, std::size_t size) {
  return {reinterpret_cast<const char*>(text), size};
}
inline std::uint8_t* LibraryBytes(std::string_view text) {
  return reinterpret_cast<std::uint8_t*>(const_cast<char*>(text.data()));
}

/// The fields as the library wants them, which copies them; `vectors` is room for that.
inline void FillVectors(const Http2Fields& fields, std::vector<nghttp2_nv>& vectors) {
  vectors.clear();
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields[i];
    vectors.push_back(
        {LibraryBytes(name), LibraryBytes(value), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE});
  }
}

/// The library's objects that a new session is made with, and freed after.
struct LibrarySetup {
  LibrarySetup() {
    nghttp2_session_callbacks_new(&callbacks);
    nghttp2_option_new(&options);
    // The library counts each piece in which a frame's nine bytes come.
    nghttp2_option_set_max_continuations(options, kFrameHead * kMostContinuations);
  }
  LibrarySetup(const LibrarySetup&) = delete;
  LibrarySetup& operator=(const LibrarySetup&) = delete;
  ~LibrarySetup() {
    nghttp2_session_callbacks_del(callbacks);
    nghttp2_option_del(options);
  }
  nghttp2_session_callbacks* callbacks = nullptr;
  nghttp2_option* options = nullptr;
};

/// Has the library send into an OutputQueue while there is room, bodies without a copy. `Session`
/// is what the library's session has as its user data:
///   output                  the OutputQueue
///   OutputIsFull()          then the library waits for the next nghttp2_session_send()
///   MoveBody(source, size)  the payload of a frame of DATA, whose head is in `output`
///   OnFrameSent(frame)      what nghttp2_on_frame_send_callback returns
template <class Session>
void SendIntoOutput(nghttp2_session_callbacks* callbacks) {
  nghttp2_session_callbacks_set_send_callback(callbacks,
                                              [](nghttp2_session*, const std::uint8_t* bytes,
                                                 std::size_t size, int, void* user) -> ssize_t {
                                                auto& self = *static_cast<Session*>(user);
                                                if (self.OutputIsFull())
                                                  return NGHTTP2_ERR_WOULDBLOCK;
                                                self.output.text().append(View(bytes, size));
                                                self.output.TextAppended();
                                                return static_cast<ssize_t>(size);
                                              });
  nghttp2_session_callbacks_set_send_data_callback(
      callbacks,
      [](nghttp2_session*, nghttp2_frame*, const std::uint8_t* frame_head, std::size_t size,
         nghttp2_data_source* source, void* user) -> int {
        auto& self = *static_cast<Session*>(user);
        if (self.OutputIsFull()) return NGHTTP2_ERR_WOULDBLOCK;
        self.output.text().append(View(frame_head, kFrameHead));
        self.output.TextAppended();
        self.MoveBody(*source, size);
        return 0;
      });
  nghttp2_session_callbacks_set_data_source_read_length_callback(
      callbacks,
      [](nghttp2_session*, std::uint8_t, std::int32_t, std::int32_t session_window,
         std::int32_t stream_window, std::uint32_t frame_bytes, void*) -> ssize_t {
        return std::min<ssize_t>(
            {session_window, stream_window, static_cast<ssize_t>(frame_bytes), kLargestSent});
      });
  nghttp2_session_callbacks_set_on_frame_send_callback(
      callbacks, [](nghttp2_session*, const nghttp2_frame* frame, void* user) {
        return static_cast<Session*>(user)->OnFrameSent(*frame);
      });
}

}  // namespace slipway::net
