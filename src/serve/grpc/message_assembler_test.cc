#include "serve/grpc/message_assembler.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error_catalogue.h"

namespace slipway::serve::grpc {
namespace {

using std::string_view_literals::operator""sv;

std::string Framed(std::string_view message, bool is_compressed = false) {
  return MessagePrefix(is_compressed, static_cast<std::uint32_t>(message.size())) +
         std::string(message);
}

class MessageAssemblerTest : public testing::Test {
 protected:
  Status Append(std::string_view bytes) {
    return assembler.Append(std::as_bytes(std::span(bytes)), memory);
  }
  std::string Take() {
    const Result<InboundMessage> message = assembler.Take();
    if (!message.ok()) return message.status().ToString();
    last = *message;
    return {reinterpret_cast<const char*>(last.bytes.data()), last.bytes.size()};
  }

  std::shared_ptr<net::BodyMemory> memory = std::make_shared<net::BodyMemory>(100'000);
  MessageAssembler assembler{{.max_bytes = 50'000}};
  InboundMessage last;
};

TEST_F(MessageAssemblerTest, PutsMessagesTogetherHoweverTheyAreCut) {
  const std::string bytes = Framed("one") + Framed("") + Framed(std::string(9000, 'x'));
  for (const std::size_t piece : {std::size_t{1}, std::size_t{4}, std::size_t{7}, bytes.size()}) {
    std::vector<std::string> messages;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
      ASSERT_TRUE(Append(std::string_view(bytes).substr(at, piece)).ok());
      while (assembler.HasMessage()) messages.push_back(Take());
    }
    EXPECT_EQ(messages, (std::vector<std::string>{"one", "", std::string(9000, 'x')}));
    EXPECT_FALSE(assembler.IsWithinMessage());
    EXPECT_EQ(assembler.TakeConsumed(), bytes.size());
  }
  last = {};
  EXPECT_EQ(memory->used(), 0u);
}

TEST_F(MessageAssemblerTest, AMessageIsAligned) {
  ASSERT_TRUE(Append(Framed("abc")).ok());
  (void)Take();
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(last.bytes.data()) % 64, 0u);
}

TEST_F(MessageAssemblerTest, WhatWaitsBehindAMessageIsNotConsumed) {
  ASSERT_TRUE(Append(Framed("one") + Framed("two")).ok());
  EXPECT_EQ(assembler.TakeConsumed(), 8u);
  EXPECT_EQ(Take(), "one");
  EXPECT_EQ(assembler.TakeConsumed(), 8u);
  EXPECT_EQ(Take(), "two");
  EXPECT_FALSE(assembler.HasMessage());
}

TEST_F(MessageAssemblerTest, KnowsThatTheRestOfAMessageIsMissing) {
  ASSERT_TRUE(Append("\0\0"sv).ok());
  EXPECT_TRUE(assembler.IsWithinMessage());
  ASSERT_TRUE(Append("\0\0\2x"sv).ok());
  EXPECT_TRUE(assembler.IsWithinMessage());
  ASSERT_TRUE(Append("y").ok());
  EXPECT_FALSE(assembler.IsWithinMessage());
  EXPECT_EQ(Take(), "xy");
}

// Bad input G7: a prefix that announces four gigabytes
TEST_F(MessageAssemblerTest, AnAnnouncedLengthAllocatesNothing) {
  MessageAssembler large({.max_bytes = 0xFFFF'FFFF});
  ASSERT_TRUE(large.Append(std::as_bytes(std::span("\0\xFF\xFF\xFF\xFF"sv)), memory).ok());
  EXPECT_LE(memory->used(), 5u);
  EXPECT_TRUE(large.IsWithinMessage());
}

// Bad input G9: a message above the cap, known by its prefix
TEST_F(MessageAssemblerTest, AMessageAboveTheLimitIsRefusedAtItsPrefix) {
  const Status status = Append("\0\0\0\xC3\x51"sv);
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.number(), errors::kBodyTooLarge);
  EXPECT_FALSE(Append(Framed("more")).ok());
}

TEST_F(MessageAssemblerTest, FlagsThatMeanNothingAreRefused) {
  EXPECT_EQ(Append("\2\0\0\0\0"sv).code(), Code::kInternal);
  MessageAssembler plain({.max_bytes = 10});
  EXPECT_EQ(plain.Append(std::as_bytes(std::span("\1\0\0\0\0"sv)), memory).code(), Code::kInternal);
}

// Bad input G8: bytes that are no gzip, in a stream
TEST_F(MessageAssemblerTest, BrokenCompressionIsFoundWhenTheMessageIsTaken) {
  MessageAssembler packed({.encoding = net::ContentCoding::kGzip, .max_bytes = 100});
  const std::string bytes = Framed("not gzip", true);
  ASSERT_TRUE(packed.Append(std::as_bytes(std::span(bytes)), memory).ok());
  EXPECT_EQ(packed.Take().status().code(), Code::kInvalidArgument);
}

TEST_F(MessageAssemblerTest, TheMemoryOfAllBodiesBoundsIt) {
  memory = std::make_shared<net::BodyMemory>(1000);
  EXPECT_EQ(Append(Framed(std::string(2000, 'x'))).code(), Code::kUnavailable);
}

TEST_F(MessageAssemblerTest, WhatWaitsCountsToo) {
  memory = std::make_shared<net::BodyMemory>(1000);
  EXPECT_EQ(Append(Framed("first") + std::string(2000, '\0')).code(), Code::kUnavailable);
}

}  // namespace
}  // namespace slipway::serve::grpc
