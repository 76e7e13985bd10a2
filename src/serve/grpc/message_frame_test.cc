#include "serve/grpc/message_frame.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error_catalogue.h"

namespace slipway::serve::grpc {
namespace {

using net::ContentCoding;
using namespace std::string_view_literals;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string Text(const InboundMessage& message) {
  return {reinterpret_cast<const char*>(message.bytes.data()), message.bytes.size()};
}

std::string Packed(ContentCoding coding, std::string_view text) {
  const std::vector<net::BodyPart> parts = {{.bytes = Bytes(text), .keeper = nullptr}};
  return net::Compress(coding, parts).value();
}

std::string Framed(bool is_compressed, std::string_view message) {
  return MessagePrefix(is_compressed, static_cast<std::uint32_t>(message.size())) +
         std::string(message);
}

Code CodeOf(std::string_view body, ContentCoding encoding = ContentCoding::kIdentity,
            std::uint64_t max_bytes = 1000) {
  return TakeOnlyMessage(Bytes(body), encoding, max_bytes).status().code();
}

TEST(MessageFrame, AMessageIsViewedWhereItLies) {
  const std::string body = Framed(false, "hello");
  const auto message = TakeOnlyMessage(Bytes(body), ContentCoding::kIdentity, 1000);
  ASSERT_TRUE(message.ok());
  EXPECT_EQ(Text(*message), "hello");
  EXPECT_EQ(message->bytes.data(), Bytes(body).data() + kPrefixBytes);
}

TEST(MessageFrame, MessagesOfAStreamAreTakenInOrder) {
  const std::string body = Framed(false, "one") + Framed(false, "");
  std::span<const std::byte> rest = Bytes(body);
  EXPECT_EQ(Text(TakeMessage(rest, ContentCoding::kIdentity, 10).value()), "one");
  EXPECT_EQ(Text(TakeMessage(rest, ContentCoding::kIdentity, 10).value()), "");
  EXPECT_TRUE(rest.empty());
}

TEST(MessageFrame, CompressedMessagesAreInflated) {
  const std::string text(20'000, 'x');
  for (const ContentCoding coding : {ContentCoding::kGzip, ContentCoding::kDeflate}) {
    const std::string body = Framed(true, Packed(coding, text));
    const auto message = TakeOnlyMessage(Bytes(body), coding, 100'000);
    ASSERT_TRUE(message.ok()) << message.status().ToString();
    EXPECT_EQ(Text(*message), text);
    EXPECT_EQ(message->coding, coding);
  }
}

TEST(MessageFrame, AnEncodingMayBeNamedAndNotUsed) {
  EXPECT_EQ(CodeOf(Framed(false, "hello"), ContentCoding::kGzip), Code::kOk);
}

// Bad input G7: a prefix that announces more or less than the body has, or a flag that is none
TEST(MessageFrame, APrefixMustTellTheTruth) {
  EXPECT_EQ(CodeOf(""), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf("\0\0\0"sv), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf("\0\0\0\0\5hell"sv), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf("\0\0\0\0\4hello"sv), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf(Framed(false, "one") + Framed(false, "two")), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf("\0\xff\xff\xff\xffhello"sv), Code::kResourceExhausted);
  EXPECT_EQ(CodeOf("\0\xff\xff\xff\xffhello"sv, ContentCoding::kIdentity,
                   std::numeric_limits<std::uint32_t>::max()),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf("\1\0\0\0\5hello"sv), Code::kInternal);
  EXPECT_EQ(CodeOf("\2\0\0\0\5hello"sv), Code::kInternal);
}

// Bad input G8: an encoding that is not known, and a small message that inflates beyond the limit
TEST(MessageFrame, EncodingsAreKnownAndBounded) {
  const std::string_view brotli = "br";
  const Status unknown = ParseMessageEncoding(&brotli).status();
  EXPECT_EQ(unknown.code(), Code::kUnimplemented);
  EXPECT_NE(unknown.hint().find("identity, deflate, gzip"), std::string::npos);
  const std::string bomb = Packed(ContentCoding::kGzip, std::string(1'000'000, '\0'));
  ASSERT_LT(bomb.size(), 10'000U);
  const Status refused =
      TakeOnlyMessage(Bytes(Framed(true, bomb)), ContentCoding::kGzip, 10'000).status();
  EXPECT_EQ(refused.code(), Code::kResourceExhausted);
  EXPECT_EQ(refused.number(), errors::kBodyTooLarge);
}

TEST(MessageFrame, AMessageOfExactlyTheLimitIsTaken) {
  const std::string text(10'000, 'x');
  const std::string packed = Framed(true, Packed(ContentCoding::kGzip, text));
  EXPECT_EQ(CodeOf(packed, ContentCoding::kGzip, 10'000), Code::kOk);
  EXPECT_EQ(CodeOf(packed, ContentCoding::kGzip, 9'999), Code::kResourceExhausted);
}

// Bad input G9: a message above the limit is refused with both sizes
TEST(MessageFrame, TheLimitIsTold) {
  const Status status =
      TakeOnlyMessage(Bytes(Framed(false, std::string(1001, 'x'))), ContentCoding::kIdentity, 1000)
          .status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.message(), "the message has 1001 bytes, the limit is 1000");
}

TEST(MessageFrame, BrokenStreamsAreRefused) {
  const std::string whole = Packed(ContentCoding::kGzip, std::string(5000, 'x'));
  EXPECT_EQ(CodeOf(Framed(true, whole.substr(0, whole.size() - 1)), ContentCoding::kGzip, 9000),
            Code::kInvalidArgument);
  EXPECT_EQ(CodeOf(Framed(true, whole + "z"), ContentCoding::kGzip, 9000), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf(Framed(true, "not gzip"), ContentCoding::kGzip, 9000), Code::kInvalidArgument);
  EXPECT_EQ(CodeOf(Framed(true, ""), ContentCoding::kGzip, 9000), Code::kInvalidArgument);
}

}  // namespace
}  // namespace slipway::serve::grpc
