#include "import/known_formats.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error_catalogue.h"
#include "import/source_of_bytes.h"

namespace slipway::import {
namespace {

using ::testing::HasSubstr;
using std::string_literals::operator""s;

struct Refusal {
  std::string name;
  std::string bytes;
  std::string says;
};

// Bad input K7: SavedModels and frozen graphs are refused unread, whatever is in them
// Bad input K8: TFLite files are refused unread
// Bad input K10: GGUF files are refused unread
// Bad input K11: a file is told by its content, whatever its extension says
TEST(RefuseUnrecognised, NamesTheFormatAndSaysWhatToDo) {
  const Refusal refusals[] = {
      {"model.onnx", "", "empty"},
      {"model.onnx", "\x1f\x8b\x08"s + "rest", "gzip"},
      {"model.onnx", "ir_version: 8\ngraph {\n", "text form"},
      {"model.h5", "\x1c\0\0\0TFL3 and more"s, "TFLite"},
      {"model.json", R"({"format": "layers-model", "modelTopology": {}})", "TensorFlow.js"},
      {"config.json", R"({"class_name": "Sequential", "config": {}})", "without weights"},
      {"saved_model.pb", "\x08\x01\x12\x04"s + "abcd", "SavedModel"},
      {"frozen.pb", "\x0a\x03\x0a\x01x"s, "frozen TensorFlow graph"},
      {"model.pt", "PK\x03\x04...archive/data.pkl...", "PyTorch"},
      {"model.keras", "PK\x03\x04...model/data.pkl...", "PyTorch"},
      {"weights.npz", "PK\x03\x04...kernel.npy...", "NumPy"},
      {"model.safetensors", "\x10\0\0\0\0\0\0\0{\"w\":{}}"s, "safetensors"},
      {"model.gguf", "GGUF\3\0\0\0"s, "GGUF"},
      {"weights.h5", "\x89HDF\r\n\x1a\n", "without a Keras model"},
      {"notes.txt", "hello", "neither name nor content"},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name + " " + refusal.says);
    const Status status = RefuseUnrecognised(SourceOfBytes(refusal.name, refusal.bytes));
    EXPECT_EQ(status.number(), errors::kUnrecognisedFormat);
    EXPECT_THAT(status.message(), HasSubstr(refusal.says));
    EXPECT_FALSE(status.hint().empty());
  }
}

// Bad input K9: pickles are refused by their first bytes, whatever their name
TEST(RefuseUnrecognised, RefusesPicklesByContent) {
  for (const std::string name : {"model.pkl", "model.joblib", "model.onnx", "model.pth"}) {
    const Status status = RefuseUnrecognised(SourceOfBytes(name, "\x80\x04\x95 a pickle"));
    EXPECT_EQ(status.code(), Code::kPermissionDenied);
    EXPECT_EQ(status.number(), errors::kForbiddenContent);
    EXPECT_THAT(status.message(), HasSubstr("pickle formats are not accepted"));
  }
}

TEST(Report, ComesBackFromItsJson) {
  const Report report{.format = "onnx",
                      .framework = "pytorch 2.9",
                      .model_name = "main",
                      .parameters = 3,
                      .layers = 4,
                      .warnings = {"a"},
                      .notes = {"b", "c"}};
  const Result<Json> json = ParseJson(DumpJson(ReportToJson(report)));
  ASSERT_TRUE(json.ok());
  const Result<Report> back = ReportFromJson(*json);
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(ReportToJson(*back), ReportToJson(report));
  EXPECT_FALSE(ReportFromJson(Json{{"format", 3}}).ok());
}

}  // namespace
}  // namespace slipway::import
