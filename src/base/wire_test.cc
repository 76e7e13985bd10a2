#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/wire_reader.h"
#include "base/wire_writer.h"

namespace slipway {
namespace {

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

/// "1:5 2:hello" of a message, or what is wrong with it.
std::string Read(std::string_view message) {
  WireReader reader(Bytes(message));
  std::string read;
  for (WireField field; reader.Next(field);) {
    read += read.empty() ? "" : " ";
    read += std::to_string(field.number) + ":";
    read +=
        field.type == WireType::kBytes ? std::string(field.text()) : std::to_string(field.scalar);
  }
  if (reader.fault() == WireFault::kCutShort) return "cut short";
  return reader.fault() == WireFault::kNone ? read : "not a message";
}

TEST(WireReader, ReadsWhatTheWriterWrote) {
  WireWriter inner;
  inner.Text(3, "deep");
  WireWriter message;
  message.Varint(1, 300);
  message.Text(2, "hello");
  message.Message(4, inner);
  EXPECT_EQ(Read(message.Joined()),
            "1:300 2:hello 4:\x1a\x04"
            "deep");
}

TEST(WireReader, APackedRunIsNumbersWithoutTags) {
  WireWriter run;
  run.PackedVarint(1);
  run.PackedVarint(300);
  const std::string bytes = run.Joined();
  PackedVarints numbers(Bytes(bytes));
  std::uint64_t sum = 0;
  for (std::uint64_t number = 0; numbers.Next(number);) sum += number;
  EXPECT_EQ(sum, 301U);
  EXPECT_FALSE(numbers.broken());
}

TEST(WireReader, WalksEveryEncodingInUse) {
  using namespace std::string_view_literals;
  EXPECT_EQ(Read("\x08\x01\x11\x02\0\0\0\0\0\0\0\x1d\x03\0\0\0\x22\x01z"sv), "1:1 2:2 3:3 4:z");
}

TEST(WireReader, SaysThatAMessageIsCutShort) {
  using namespace std::string_view_literals;
  for (const std::string_view message :
       {"\x08"sv, "\x08\x80"sv, "\x11\x01\x02"sv, "\x1d\x01"sv, "\x12\x05hell"sv,
        "\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01x"sv, "\x80"sv}) {
    EXPECT_EQ(Read(message), "cut short");
  }
}

TEST(WireReader, RefusesWhatNoMessageHolds) {
  using namespace std::string_view_literals;
  for (const std::string_view message :
       {"\x0b\x0c"sv, "\0\x01"sv, "\x0e\x01"sv, "\x0f\x01"sv,
        "\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x88\x80\x80\x80\x80\x10\x01"sv}) {
    EXPECT_EQ(Read(message), "not a message");
  }
}

// Lengths of one byte and of two, and borrowed bytes before, within and after what moves.
TEST(WireWriter, WritesAMessageInPlaceAsItWouldBySide) {
  const std::string large(600, 'x');
  for (const std::size_t size : {std::size_t{0}, std::size_t{127}, std::size_t{128}}) {
    const auto write_fields = [&](WireWriter& message) {
      message.Text(1, std::string(size, 'a'));
      message.Bytes(2, Bytes(large));
      message.Varint(3, 300);
    };
    WireWriter fields;
    write_fields(fields);
    WireWriter in_place;
    in_place.Bytes(4, Bytes(large));
    in_place.MessageInPlace(5, [&] {
      in_place.MessageInPlace(1, [&] { in_place.Text(1, std::string(size, 'b')); });
      write_fields(in_place);
    });
    WireWriter inner;
    inner.Text(1, std::string(size, 'b'));
    WireWriter nested;
    nested.Message(1, inner);
    nested.Append(fields);
    WireWriter whole;
    whole.Bytes(4, Bytes(large));
    whole.Message(5, nested);
    for (WireWriter* message : {&whole, &in_place}) message->Text(6, "after");
    EXPECT_EQ(in_place.Joined(), whole.Joined());
    EXPECT_EQ(in_place.size(), in_place.Joined().size());
  }
}

TEST(WireWriter, LeavesLargeBytesWhereTheyAre) {
  const std::string large(4096, 'x');
  WireWriter message;
  message.Bytes(1, Bytes(large));
  message.Text(2, "after");
  ASSERT_EQ(message.pieces().size(), 2U);
  EXPECT_EQ(message.pieces()[0].borrowed.data(), Bytes(large).data());
  EXPECT_EQ(message.Joined().size(), message.size());
}

}  // namespace
}  // namespace slipway
