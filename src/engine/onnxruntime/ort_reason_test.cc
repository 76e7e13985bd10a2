#include "engine/onnxruntime/ort_reason.h"

#include <gtest/gtest.h>

namespace slipway::engine {
namespace {

struct Row {
  const char* text;
  const char* model_path;
  const char* reason;
};

const Row kRows[] = {
    Row{"plain words", "", "plain words"},
    Row{"Load model from /srv/store/a.onnx failed:Protobuf parsing failed.", "/srv/store/a.onnx",
        "Load model from a.onnx failed:Protobuf parsing failed."},
    Row{"cannot open /srv/store/w.bin in /srv/store", "/srv/store/a.onnx",
        "cannot open w.bin in the model's folder"},
    Row{"Node (/conv1/Conv) Op (Conv) is wrong", "a.onnx", "Node (/conv1/Conv) Op (Conv) is wrong"},
    Row{"Node (/conv1/Conv) Op (Conv) is wrong", "/a.onnx",
        "Node (/conv1/Conv) Op (Conv) is wrong"},
    Row{"Status Message: /onnxruntime_src/core/reshape_helper.h:45 "
        "onnxruntime::ReshapeHelper::ReshapeHelper(const TensorShape&, TensorShapeVector&) "
        "size != 0 was false. The input tensor cannot be reshaped.\n",
        "", "Status Message: The input tensor cannot be reshaped."},
    Row{"Failed: /onnxruntime_src/core/x.cc:43 int f(const T&) Words.", "", "Failed: Words."},
    Row{"a\n\tb\x1b[31m", "", "a b\\x1b[31m"}};

TEST(ReasonFor, SaysWhatIsWrongAndNothingAboutTheHost) {
  for (const Row& row : kRows) EXPECT_EQ(ReasonFor(row.text, row.model_path), row.reason);
}

}  // namespace
}  // namespace slipway::engine
