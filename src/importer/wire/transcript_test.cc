#include "importer/wire/transcript.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "base/error_catalogue.h"

namespace slipway::importer {
namespace {

constexpr std::string_view kStructure = "the structure's bytes";

std::string Whole() {
  Answer answer{.facts = {.format = "keras-v3",
                          .framework = "Keras 3.15.1",
                          .model_name = "mnist",
                          .parameters = 34826,
                          .layers = 7,
                          .warnings = {"doubtful"},
                          .notes = {"inert"}},
                .structure = kStructure};
  answer.signature.inputs = {{"image", DType::kF32, Shape{-1, 28, 28, 1}, {"batch", "", "", ""}}};
  answer.signature.outputs = {{"scores", DType::kF32, Shape{-1, 10}, {}}};
  return EncodeStage("reading") + EncodeStage("encoding") + EncodeAnswer(answer) +
         std::string(kStructure);
}

TEST(Transcript, CarriesAnAnswer) {
  const std::string bytes = Whole();
  const Result<Transcript> transcript = DecodeTranscript(bytes);
  ASSERT_TRUE(transcript.ok()) << transcript.status().ToString();
  EXPECT_THAT(transcript->stages, ::testing::ElementsAre("reading", "encoding"));
  ASSERT_TRUE(transcript->answer);
  EXPECT_EQ(transcript->answer->structure, kStructure);
  EXPECT_EQ(transcript->answer->facts.parameters, 34826U);
  EXPECT_EQ(transcript->answer->facts.warnings, std::vector<std::string>{"doubtful"});
  EXPECT_EQ(transcript->answer->signature.inputs[0].shape, (Shape{-1, 28, 28, 1}));
  EXPECT_EQ(transcript->answer->signature.inputs[0].axis_names[0], "batch");
}

TEST(Transcript, CarriesAFailureWithEverythingThatWasSaid) {
  const std::string bytes =
      EncodeStage("reading") + EncodeFailure(Unimplemented("two layers\x1b[31m")
                                                 .With(errors::kUnsupportedLayers)
                                                 .At("model.h5")
                                                 .Hint("remove them"));
  const Result<Transcript> transcript = DecodeTranscript(bytes);
  ASSERT_TRUE(transcript.ok());
  ASSERT_TRUE(transcript->failure);
  EXPECT_EQ(transcript->failure->code(), Code::kUnimplemented);
  EXPECT_EQ(transcript->failure->number(), errors::kUnsupportedLayers);
  EXPECT_EQ(transcript->failure->place(), "model.h5");
  EXPECT_EQ(transcript->failure->hint(), "remove them");
  EXPECT_EQ(transcript->failure->message().find('\x1b'), std::string::npos);
}

TEST(Transcript, CutShortItHasNeitherAnswerNorFailure) {
  const std::string whole = Whole();
  for (std::size_t length = 0; length < whole.size(); ++length) {
    const Result<Transcript> transcript =
        DecodeTranscript(std::string_view(whole).substr(0, length));
    ASSERT_TRUE(transcript.ok()) << length;
    EXPECT_FALSE(transcript->answer || transcript->failure) << length;
  }
}

TEST(Transcript, AnyBytesAreDecodedOrRefused) {
  const std::string whole = Whole() + EncodeFailure(Internal("x"));
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string bytes = whole;
    for (int change = 0; change < 3; ++change)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    (void)DecodeTranscript(bytes).ok();
  }
}

struct Refusal {
  std::string_view name;
  std::string from;
  std::string to;
};

TEST(Transcript, RefusesWhatNoImporterSays) {
  const Refusal cases[] = {
      {"a type that cannot be served", R"("dtype":1,)", R"("dtype":9999,)"},
      {"a negative size", "28,28,1]", "28,-2,1]"},
      {"axis names that fit no shape", R"(["batch","","",""])", R"(["batch"])"},
      {"a missing field", R"("layers":7)", R"("players":7)"},
      {"text for a number", R"("layers":7)", R"("layers":"7")"},
  };
  for (const Refusal& refusal : cases) {
    std::string bytes = Whole();
    const std::size_t at = bytes.find(refusal.from);
    ASSERT_NE(at, std::string::npos) << refusal.name;
    bytes.replace(at, refusal.from.size(), refusal.to);
    // The facts' length stands before them.
    const std::size_t head = bytes.find("a", bytes.find("encoding") + 8);
    bytes[head + 1] = static_cast<char>(bytes[head + 1] + static_cast<int>(refusal.to.size()) -
                                        static_cast<int>(refusal.from.size()));
    const Result<Transcript> transcript = DecodeTranscript(bytes);
    ASSERT_FALSE(transcript.ok()) << refusal.name;
    EXPECT_EQ(transcript.status().code(), Code::kDataLoss)
        << refusal.name << transcript.status().ToString();
  }
}

}  // namespace
}  // namespace slipway::importer
