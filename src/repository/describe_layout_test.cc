#include "repository/describe_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "repository/test_snapshot.h"

namespace slipway::repository {
namespace {

using testing::ElementsAre;

TEST(DescribeLayout, OneLineForWhatWasFoundAndForEachModelAndWhatHasNoEffect) {
  const FolderSnapshot snapshot =
      SnapshotOf({"a/1/model.onnx", "a/2/model.onnx", "b/1/model.plan", "c/1/model.onnx", "docs/x"},
                 {{"a/config.pbtxt",
                   "version_policy { specific { versions: 1 versions: 9 } } "
                   "instance_group { count: 2 }"},
                  {"c/config.pbtxt", "backend: \"python\""}});
  const LayoutText text = DescribeLayout(Understand(snapshot, "models"));
  EXPECT_THAT(text.lines, ElementsAre("/models is a Triton repository; models: 3",
                                      "  a: versions 1, 2; serves 1 (specific 1, 9)",
                                      "  b: versions 1; serves 1 (latest 1)"));
  EXPECT_THAT(
      text.warnings,
      ElementsAre(
          "docs/ is passed over: no version folder: expected 1/, 2/, ...",
          "a: without effect: instance_group: one thread budget shares the cores among all "
          "models",
          "a:9 is not there",
          "b:1 is not served: model.plan is a TensorRT plan, which runs on one kind of GPU "
          "only; it is not read: serve its ONNX source",
          "c is not served: Python is never run here: export the network inside the model"));
}

}  // namespace
}  // namespace slipway::repository
