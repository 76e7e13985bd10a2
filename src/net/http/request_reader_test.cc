#include "net/http/request_reader.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <string>

namespace slipway::net {
namespace {

using Event = RequestReader::Event;

/// What a reader makes of bytes that come `piece` at a time: every request with its body, and the
/// refusal.
std::string Transcript(std::string_view bytes, std::size_t piece) {
  const HttpLimits limits;
  RequestReader reader(limits, {.address = "peer"}, std::make_shared<BodyMemory>(1 << 20));
  std::string transcript;
  while (!bytes.empty()) {
    std::string_view input = bytes.substr(0, piece);
    bytes.remove_prefix(input.size());
    for (;;) {
      const Event event = reader.Feed(input);
      if (event == Event::kNeedMore) break;
      if (event == Event::kRefused)
        return transcript + fmt::format("refused {}", reader.refusal().status);
      if (event == Event::kHead && reader.AcceptBody({.max_bytes = 1000}))
        return transcript + "too large";
      if (event != Event::kRequest) continue;
      const RequestReader::Request request = reader.Take();
      transcript += fmt::format("{} {} {}; ", request.head.method_text, request.head.target,
                                request.body.bytes().size());
    }
  }
  return transcript;
}

TEST(RequestReader, TheSameBytesGiveTheSameRequestsHoweverTheyAreCut) {
  const std::string bytes =
      "\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n"
      "POST /b HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyz"
      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3;e=f\r\nxyz\r\na\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n"
      "DELETE /d HTTP/1.1\r\nHost: a\r\n\r\n"
      "GET /e HTTP/1.1\r\n\r\nGET /f HTTP/1.1\r\nHost: a\r\n\r\n";
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    EXPECT_EQ(Transcript(bytes, piece), "GET /a 0; POST /b 3; POST /c 13; DELETE /d 0; refused 400")
        << piece;
  }
}

TEST(RequestReader, ADiscardedBodyIsReadOver) {
  const HttpLimits limits;
  RequestReader reader(limits, {.address = "peer"}, std::make_shared<BodyMemory>(1 << 20));
  std::string_view input =
      "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nxyzGET /b HTTP/1.1\r\nHost: "
      "a\r\n\r\n";
  ASSERT_EQ(reader.Feed(input), Event::kHead);
  reader.DiscardBody();
  ASSERT_EQ(reader.Feed(input), Event::kRequest);
  EXPECT_TRUE(reader.Take().discarded);
  ASSERT_EQ(reader.Feed(input), Event::kHead);
  EXPECT_EQ(reader.head().target, "/b");
}

TEST(RequestReader, AKnownLengthIsReceivedInPlace) {
  const HttpLimits limits;
  RequestReader reader(limits, {.address = "peer"}, std::make_shared<BodyMemory>(1 << 20));
  std::string_view input = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nab";
  ASSERT_EQ(reader.Feed(input), Event::kHead);
  EXPECT_TRUE(reader.DirectRoom().empty());
  ASSERT_FALSE(reader.AcceptBody({}));
  ASSERT_EQ(reader.Feed(input), Event::kNeedMore);
  const std::span<std::byte> room = reader.DirectRoom();
  ASSERT_EQ(room.size(), 3u);
  for (std::byte& byte : room) byte = std::byte{'c'};
  EXPECT_EQ(reader.Received(1), Event::kNeedMore);
  EXPECT_EQ(reader.Received(2), Event::kRequest);
  const auto request = reader.Take();
  const auto body = request.body.bytes();
  EXPECT_EQ(std::string(reinterpret_cast<const char*>(body.data()), body.size()), "abccc");
}

TEST(RequestReader, BodiesAreGivenBackToTheMemoryOfAll) {
  const HttpLimits limits;
  const auto memory = std::make_shared<BodyMemory>(1 << 20);
  RequestReader reader(limits, {.address = "peer"}, memory);
  std::string_view input = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  reader.Feed(input);
  ASSERT_FALSE(reader.AcceptBody({}));
  ASSERT_EQ(reader.Feed(input), Event::kRequest);
  {
    const auto request = reader.Take();
    EXPECT_EQ(memory->used(), 5u);
  }
  EXPECT_EQ(memory->used(), 0u);
}

}  // namespace
}  // namespace slipway::net
