#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "net/http2/http2_session.h"
#include "net/testing/http2_wire.h"
#include "net/testing/test_service.h"

namespace slipway::net {

inline constexpr std::string_view kDate = "Sun, 06 Nov 1994 08:49:37 GMT";

/// A session whose owner is the test: bytes by hand, time by hand, and an echo for a service.
class Http2SessionFixture : public testing::Test {
 protected:
  Http2Session& session() {
    if (!session_) {
      context_ = std::make_unique<ServerContext>(limits, service);
      session_ = std::make_unique<Http2Session>(*context_, Peer{.address = "peer"}, output_, now_);
    }
    return *session_;
  }

  /// Sends bytes, serves what came of them, and takes what is sent back.
  void Send(std::string_view bytes) {
    session().Receive(bytes, now_);
    while (auto request = session().Next()) {
      if (hold) {
        held.push_back(std::move(*request));
      } else {
        session().Answer(request->stream, Echo(*request), kDate);
      }
    }
    Collect();
  }
  /// The same of bytes of a body that were received in place.
  void FillInPlace(std::string_view bytes) {
    const std::span<std::byte> room = session().DirectRoom();
    ASSERT_GE(room.size(), bytes.size());
    std::memcpy(room.data(), bytes.data(), bytes.size());
    session().Fill(bytes.size(), now_);
    Collect();
  }
  void Collect() {
    session().Write();
    iovec vectors[64];
    while (const std::size_t count = output_.Gather(vectors)) {
      std::size_t bytes = 0;
      for (std::size_t i = 0; i < count; ++i) {
        bytes += vectors[i].iov_len;
        sent.Take({static_cast<const char*>(vectors[i].iov_base), vectors[i].iov_len});
      }
      output_.Consume(bytes);
      session().Write();
    }
  }
  void Pass(std::chrono::milliseconds time) {
    now_ += time;
    session().Sweep(now_, true);
    Collect();
  }
  void AnswerHeld(std::size_t index, Response response) {
    session().Answer(held.at(index).stream, std::move(response), kDate);
    Collect();
  }
  static Response Echo(const Http2Session::Request& request) {
    const auto body = request.body.bytes();
    return Response::Text(
        200, "text/plain",
        fmt::format("{} {} [{}]", request.head.method_text, request.head.target,
                    std::string_view(reinterpret_cast<const char*>(body.data()), body.size())));
  }
  Http2Transcript::Answer& answer(std::uint32_t stream) { return sent.answers[stream]; }
  std::uint32_t goaway() { return sent.goaways.empty() ? ~0u : sent.goaways.back().code; }
  std::uint64_t body_memory() { return context_->body_memory->used(); }
  void StartDrain() { context_->draining = true; }

  HttpLimits limits;
  TestService service;
  bool hold = false;
  std::vector<Http2Session::Request> held;
  Http2Transcript sent;

 private:
  MonotonicTime now_{std::chrono::seconds(1000)};
  OutputQueue output_;
  std::unique_ptr<ServerContext> context_;
  std::unique_ptr<Http2Session> session_;
};

}  // namespace slipway::net
