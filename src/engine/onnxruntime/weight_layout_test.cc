#include "engine/onnxruntime/weight_layout.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <string>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"

namespace slipway::engine {
namespace {

using testing::HasSubstr;
using Pairs = std::vector<std::pair<std::string, std::string>>;

void Lay(onnx::TensorProto& tensor, const std::string& name, const Pairs& pairs) {
  tensor.set_name(name);
  tensor.set_data_location(onnx::TensorProto::EXTERNAL);
  for (const auto& [key, value] : pairs) {
    onnx::StringStringEntryProto& entry = *tensor.add_external_data();
    entry.set_key(key);
    entry.set_value(value);
  }
}

/// The value under a key of the tensor.
std::string ValueOf(const onnx::TensorProto& tensor, const std::string& key) {
  for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
    if (entry.key() == key) return entry.value();
  }
  return {};
}

class WeightLayout : public ::testing::Test {
 protected:
  Status Align(const std::string& data) {
    EXPECT_TRUE(WriteFileAtomically(model_path_, model_.SerializeAsString()).ok());
    EXPECT_TRUE(WriteFileAtomically(data_path_, data).ok());
    SLIPWAY_RETURN_IF_ERROR(AlignWeights(model_path_, data_path_));
    EXPECT_TRUE(model_.ParseFromString(*ReadFile(model_path_)));
    data_ = *ReadFile(data_path_);
    return {};
  }
  std::string At(const std::string& offset, std::size_t length) const {
    return data_.substr(ParseUint64(offset).value(), length);
  }

  TemporaryDirectory folder_ = TemporaryDirectory::Create("layout-").value();
  std::string model_path_ = folder_.path() + "/model.onnx";
  std::string data_path_ = folder_.path() + "/model.data";
  onnx::ModelProto model_;
  std::string data_;
};

TEST_F(WeightLayout, EveryWeightAndPackedFormIsAlignedAndIsWhatItWas) {
  const std::string a(100, 'a');
  const std::string b(70, 'b');
  const std::string packed(5000, 'p');
  const std::string more(3, 'm');
  Lay(*model_.mutable_graph()->add_initializer(), "a",
      {{"location", "model.data"}, {"offset", "0"}, {"length", "100"}});
  Lay(*model_.mutable_graph()->add_initializer(), "b",
      {{"location", "model.data"},
       {"offset", "100"},
       {"length", "70"},
       {"prepacked_0", "Gemm+17|170;5000;0|5170;3;9"}});
  ASSERT_TRUE(Align(a + b + packed + more).ok());
  const onnx::TensorProto& first = model_.graph().initializer(0);
  const onnx::TensorProto& second = model_.graph().initializer(1);
  EXPECT_EQ(ValueOf(first, "offset"), "0");
  EXPECT_EQ(ValueOf(second, "offset"), "128");
  EXPECT_EQ(ValueOf(second, "length"), "70");
  EXPECT_EQ(ValueOf(second, "prepacked_0"), "Gemm+17|4096;5000;0|9152;3;9");
  EXPECT_EQ(At("0", 100), a);
  EXPECT_EQ(At("128", 70), b);
  EXPECT_EQ(At("4096", 5000), packed);
  EXPECT_EQ(At("9152", 3), more);
}

TEST_F(WeightLayout, WeightsOfGraphsInGraphsMoveToo) {
  onnx::AttributeProto& branch = *model_.mutable_graph()->add_node()->add_attribute();
  branch.set_name("then_branch");
  Lay(*branch.mutable_g()->add_initializer(), "inner",
      {{"location", "model.data"}, {"offset", "7"}, {"length", "5"}});
  Lay(*model_.mutable_graph()->add_initializer(), "outer",
      {{"location", "model.data"}, {"offset", "0"}, {"length", "7"}});
  ASSERT_TRUE(Align("outer..inner").ok());
  EXPECT_EQ(model_.graph().node(0).attribute(0).name(), "then_branch");
  const onnx::TensorProto& inner = model_.graph().node(0).attribute(0).g().initializer(0);
  EXPECT_EQ(At(ValueOf(inner, "offset"), 5), "inner");
  EXPECT_EQ(ValueOf(inner, "offset"), "64");
}

TEST_F(WeightLayout, AWeightLargerThanWhatIsMovedAtATimeMovesWhole) {
  std::string large(3'000'000, ' ');
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>(i * 31 >> 8U);
  Lay(*model_.mutable_graph()->add_initializer(), "large",
      {{"location", "model.data"}, {"offset", "9"}, {"length", "3000000"}});
  ASSERT_TRUE(Align(std::string(9, '-') + large).ok());
  EXPECT_EQ(At("4096", large.size()) == large, true);
}

TEST_F(WeightLayout, AModelWithoutExternalDataStaysAsItIs) {
  model_.mutable_graph()->add_initializer()->set_name("small");
  model_.set_producer_name("test");
  EXPECT_TRUE(WriteFileAtomically(model_path_, model_.SerializeAsString()).ok());
  EXPECT_TRUE(AlignWeights(model_path_, data_path_).ok()) << "there is no data file";
  EXPECT_EQ(*ReadFile(model_path_), model_.SerializeAsString());
}

TEST_F(WeightLayout, WhatIsNotKnownIsRefused) {
  const std::vector<Pairs> wrong = {
      {{"location", "elsewhere"}, {"offset", "0"}, {"length", "4"}},
      {{"location", "model.data"}, {"offset", "0"}},
      {{"location", "model.data"}, {"offset", "-1"}, {"length", "4"}},
      {{"location", "model.data"}, {"offset", "0"}, {"length", "400"}},
      {{"location", "model.data"}, {"offset", "0"}, {"length", "4"}, {"prepacked_0", "k|1;2"}},
      {{"location", "model.data"}, {"offset", "0"}, {"length", "4"}, {"prepacked_0", "k|2;4;0"}},
  };
  for (const Pairs& pairs : wrong) {
    model_.Clear();
    Lay(*model_.mutable_graph()->add_initializer(), "w", pairs);
    const Status refused = Align("weights!");
    EXPECT_EQ(refused.code(), Code::kInternal) << pairs.back().second;
    EXPECT_THAT(refused.message(), HasSubstr("not known"));
  }
}

}  // namespace
}  // namespace slipway::engine
