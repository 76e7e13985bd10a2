// Every ONNX file among the test data, written by five different tools, comes back as the same
// protobuf message by ONNX's own reading of it.

#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"
#include "graph/onnx/check.h"
#include "graph/onnx_file.h"
#include "graph/verify.h"

namespace slipway::graph {
namespace {

namespace fs = std::filesystem;

std::vector<std::string> OnnxFiles() {
  std::vector<std::string> paths;
  for (const auto& entry : fs::recursive_directory_iterator(SLIPWAY_TESTDATA)) {
    if (entry.path().extension() == ".onnx") paths.push_back(entry.path());
  }
  return paths;
}

::onnx::ModelProto Parsed(const std::string& bytes) {
  ::onnx::ModelProto proto;
  EXPECT_TRUE(proto.ParseFromString(bytes));
  return proto;
}

template <class T, class Numbers>
void AppendAs(const Numbers& numbers, std::string& raw) {
  for (const auto number : numbers) {
    const T narrow = static_cast<T>(number);
    raw.append(reinterpret_cast<const char*>(&narrow), sizeof narrow);
  }
}

/// Moves numbers from their typed field to raw_data, where we keep them all.
void MakeRaw(::onnx::TensorProto& tensor) {
  using Type = ::onnx::TensorProto;
  std::string raw;
  AppendAs<float>(tensor.float_data(), raw);
  AppendAs<double>(tensor.double_data(), raw);
  AppendAs<std::int64_t>(tensor.int64_data(), raw);
  if (tensor.data_type() == Type::UINT32) AppendAs<std::uint32_t>(tensor.uint64_data(), raw);
  if (tensor.data_type() == Type::UINT64) AppendAs<std::uint64_t>(tensor.uint64_data(), raw);
  switch (tensor.data_type()) {
    case Type::INT32:
      AppendAs<std::int32_t>(tensor.int32_data(), raw);
      break;
    case Type::INT16:
    case Type::UINT16:
    case Type::FLOAT16:
    case Type::BFLOAT16:
      AppendAs<std::uint16_t>(tensor.int32_data(), raw);
      break;
    default:
      AppendAs<std::uint8_t>(tensor.int32_data(), raw);
  }
  if (raw.empty()) return;
  tensor.clear_float_data();
  tensor.clear_double_data();
  tensor.clear_int64_data();
  tensor.clear_uint64_data();
  tensor.clear_int32_data();
  tensor.set_raw_data(raw);
}

void MakeRaw(::onnx::GraphProto& graph) {
  for (auto& tensor : *graph.mutable_initializer()) MakeRaw(tensor);
  for (auto& node : *graph.mutable_node()) {
    for (auto& attribute : *node.mutable_attribute()) {
      if (attribute.has_t()) MakeRaw(*attribute.mutable_t());
      if (attribute.has_g()) MakeRaw(*attribute.mutable_g());
    }
  }
}

/// Fields that are set to their default value count as not set, as they do for every reader.
bool MeanTheSame(const ::onnx::ModelProto& a, const ::onnx::ModelProto& b, std::string& report) {
  google::protobuf::util::MessageDifferencer differencer;
  differencer.set_message_field_comparison(google::protobuf::util::MessageDifferencer::EQUIVALENT);
  differencer.ReportDifferencesToString(&report);
  return differencer.Compare(a, b);
}

TEST(RoundTrip, EveryFileOfTheTestDataComesBackTheSame) {
  const std::vector<std::string> paths = OnnxFiles();
  EXPECT_GE(paths.size(), 10U);
  for (const std::string& path : paths) {
    SCOPED_TRACE(path);
    const std::string bytes = *ReadFile(path);
    const Result<Model> model = ReadModelFile(path);
    ASSERT_TRUE(model.ok()) << model.status().ToString();
    const Result<std::string> again = EncodeModel(*model);
    ASSERT_TRUE(again.ok()) << again.status().ToString();
    std::string report;
    ::onnx::ModelProto original = Parsed(bytes);
    MakeRaw(*original.mutable_graph());
    EXPECT_TRUE(MeanTheSame(original, Parsed(*again), report)) << report.substr(0, 2000);
  }
}

TEST(RoundTrip, EveryFileOfTheTestDataPassesEveryCheck) {
  for (const std::string& path : OnnxFiles()) {
    SCOPED_TRACE(path);
    Result<Model> model = ReadModelFile(path);
    ASSERT_TRUE(model.ok()) << model.status().ToString();
    EXPECT_EQ(ToStatus(Verify(*model)).ToString(), "OK");
    EXPECT_EQ(ToStatus(CheckModel(*model)).ToString(), "OK");
    EXPECT_EQ(InferTypes(*model).ToString(), "OK");
  }
}

}  // namespace
}  // namespace slipway::graph
