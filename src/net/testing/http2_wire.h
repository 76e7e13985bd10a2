#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http/http_types.h"

namespace slipway::net {

// For tests: HTTP/2 by hand, so that a client may say what none would.

inline constexpr std::string_view kHttp2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

enum class FrameType : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kRstStream = 3,
  kSettings = 4,
  kPushPromise = 5,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9,
};
inline constexpr std::uint8_t kNoFlags = 0;
inline constexpr std::uint8_t kAck = 0x1;
inline constexpr std::uint8_t kEndStream = 0x1;
inline constexpr std::uint8_t kEndHeaders = 0x4;
inline constexpr std::uint8_t kPadded = 0x8;
inline constexpr std::uint16_t kMaxFrameSize = 5;  // a setting

inline constexpr std::uint32_t kNoError = 0;
inline constexpr std::uint32_t kProtocolError = 1;
inline constexpr std::uint32_t kFlowControlError = 3;
inline constexpr std::uint32_t kSettingsTimeout = 4;
inline constexpr std::uint32_t kStreamClosed = 5;
inline constexpr std::uint32_t kFrameSizeError = 6;
inline constexpr std::uint32_t kRefusedStream = 7;
inline constexpr std::uint32_t kCancel = 8;
inline constexpr std::uint32_t kCompressionError = 9;
inline constexpr std::uint32_t kEnhanceYourCalm = 11;

std::string BigEndian(std::uint32_t value);
std::string Frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload = "");
/// HPACK without its tables: every field as it is.
std::string FieldBlock(const std::vector<Header>& fields);
/// The four pseudo-headers, and what follows.
std::vector<Header> RequestFields(std::string_view method, std::string_view path,
                                  const std::vector<Header>& more = {});
std::string GetFrames(std::uint32_t stream, std::string_view path,
                      const std::vector<Header>& more = {});
std::string PostFrames(std::uint32_t stream, std::string_view path, std::string_view body,
                       const std::vector<Header>& more = {});
std::string SettingFrame(std::uint16_t setting, std::uint32_t value);
/// The preface, empty SETTINGS, and that the server's are known.
std::string Hello();

/// What a server sent.
class Http2Transcript {
 public:
  struct Answer {
    std::string status;  ///< "" as long as there is none
    std::vector<Header> headers;
    std::string body;
    std::vector<Header> trailers;
    bool ended = false;
    std::optional<std::uint32_t> reset;
    /// "" if absent.
    std::string Find(std::string_view name) const;
  };
  struct Goaway {
    std::uint32_t last_stream = 0;
    std::uint32_t code = 0;
    std::string reason;
  };

  Http2Transcript();
  ~Http2Transcript();

  void Take(std::string_view bytes);

  std::map<std::uint32_t, Answer> answers;
  std::vector<Goaway> goaways;
  std::map<std::uint16_t, std::uint32_t> settings;
  std::vector<std::string> pings;  ///< that ask for an answer
  int ping_answers = 0;
  int settings_answers = 0;
  std::map<std::uint32_t, std::uint64_t> windows;  ///< opened, by stream
  std::vector<int> informational;
  std::size_t largest_frame = 0;
  std::size_t data_frames = 0;

 private:
  struct Inflater;
  void TakeFrame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                 std::string_view payload);
  void TakeHead(std::uint8_t flags, std::uint32_t stream, std::string_view block);

  std::string buffer_;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace slipway::net
