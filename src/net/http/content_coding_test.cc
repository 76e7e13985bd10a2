#include "net/http/content_coding.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "net/http/body_receiver.h"

namespace slipway::net {
namespace {

TEST(ContentCoding, ReadsOneLayerOfWhatItKnows) {
  EXPECT_EQ(ParseContentEncoding("gzip"), ContentCoding::kGzip);
  EXPECT_EQ(ParseContentEncoding(" X-GZip "), ContentCoding::kGzip);
  EXPECT_EQ(ParseContentEncoding("deflate"), ContentCoding::kDeflate);
  EXPECT_EQ(ParseContentEncoding("identity"), ContentCoding::kIdentity);
  EXPECT_EQ(ParseContentEncoding("gzip, gzip"), std::nullopt);
  EXPECT_EQ(ParseContentEncoding("br"), std::nullopt);
}

struct Choice {
  std::string_view accept;
  std::size_t bytes;
  bool is_text;
  ContentCoding chosen;
};

TEST(ContentCoding, CompressesWhereAskedOrWorthIt) {
  constexpr std::size_t kMega = 1024 * 1024;
  const Choice choices[] = {
      {"gzip", 1000, false, ContentCoding::kGzip},
      {"deflate", 1000, true, ContentCoding::kDeflate},
      {"gzip", 100, true, ContentCoding::kIdentity},
      {"gzip, deflate, br", 1000, true, ContentCoding::kIdentity},
      {"gzip, deflate, br", kMega, true, ContentCoding::kGzip},
      {"br, deflate, gzip", kMega, true, ContentCoding::kDeflate},
      {"gzip, deflate, br", kMega, false, ContentCoding::kIdentity},
      {"gzip;q=0", kMega, true, ContentCoding::kIdentity},
      {"gzip;q=0, deflate;q=0.5", kMega, true, ContentCoding::kDeflate},
      {"br", kMega, true, ContentCoding::kIdentity},
      {"identity", kMega, true, ContentCoding::kIdentity},
      {"", kMega, true, ContentCoding::kIdentity},
      {"gzip;q=junk", kMega, true, ContentCoding::kIdentity},
  };
  for (const Choice& choice : choices) {
    EXPECT_EQ(ChooseCoding(choice.accept, choice.bytes, choice.is_text), choice.chosen)
        << choice.accept << " " << choice.bytes;
  }
}

TEST(ContentCoding, WhatIsCompressedInPartsIsReadInPieces) {
  std::string text;
  for (int i = 0; text.size() < 300'000; ++i) text += std::to_string(i * i);
  for (const auto coding : {ContentCoding::kGzip, ContentCoding::kDeflate}) {
    const std::vector<BodyPart> parts = {BodyPart::Of(text.substr(0, 1000)), BodyPart::Of(""),
                                         BodyPart::Of(text.substr(1000))};
    const std::string compressed = Compress(coding, parts).value();
    EXPECT_LT(compressed.size(), text.size() / 2);
    BodyReceiver receiver({.max_bytes = text.size(), .coding = coding}, nullptr);
    for (const char byte : compressed)
      ASSERT_FALSE(receiver.Append(std::as_bytes(std::span(&byte, 1))));
    ASSERT_FALSE(receiver.Finish());
    const BodyBuffer body = receiver.Take();
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(body.bytes().data()), body.size()), text);
  }
}

TEST(ContentCoding, DecompressionStopsOneByteBeyondTheLimit) {
  const std::vector<BodyPart> parts = {BodyPart::Of(std::string(10'000'000, 'x'))};
  const std::string bomb = Compress(ContentCoding::kGzip, parts).value();
  const auto memory = std::make_shared<BodyMemory>(1 << 30);
  BodyReceiver receiver({.max_bytes = 50'000, .coding = ContentCoding::kGzip}, memory);
  const auto refusal = receiver.Append(std::as_bytes(std::span(bomb)));
  ASSERT_TRUE(refusal);
  EXPECT_EQ(refusal->status, 413);
  EXPECT_LE(memory->used(), 50'001u);
}

}  // namespace
}  // namespace slipway::net
