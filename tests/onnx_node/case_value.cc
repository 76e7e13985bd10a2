#include "onnx_node/case_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <onnx/onnx-data.pb.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "base/file.h"
#include "base/wire_writer.h"
#include "graph/onnx_file.h"
#include "tensor/tensor.h"

namespace slipway::onnx_node {

namespace {

using graph::Tensor;

/// Through our own decoder, as the one constant of a model.
Result<Tensor> DecodeTensor(const ::onnx::TensorProto& proto) {
  WireWriter body;
  body.Text(5, proto.SerializeAsString());
  WireWriter model;
  model.Message(7, std::move(body));
  const std::string bytes = model.Joined();
  SLIPWAY_TRY(graph::Model decoded, graph::DecodeModel(std::as_bytes(std::span(bytes))));
  return std::move(decoded.main.initializers.at(0));
}

Result<CaseValue> TensorValue(const ::onnx::TensorProto& proto) {
  CaseValue value{.kind = CaseValue::Kind::kTensor};
  SLIPWAY_TRY(Tensor tensor, DecodeTensor(proto));
  value.tensors.push_back(std::move(tensor));
  return value;
}

Result<CaseValue> SequenceValue(const ::onnx::SequenceProto& proto) {
  CaseValue value{.kind = CaseValue::Kind::kSequence};
  for (const auto& entry : proto.tensor_values()) {
    SLIPWAY_TRY(Tensor tensor, DecodeTensor(entry));
    value.tensors.push_back(std::move(tensor));
  }
  return value;
}

Result<CaseValue> OptionalValue(const ::onnx::OptionalProto& proto) {
  if (proto.has_tensor_value()) return TensorValue(proto.tensor_value());
  if (proto.has_sequence_value()) return SequenceValue(proto.sequence_value());
  return CaseValue();
}

std::vector<double> NumbersOf(const Tensor& tensor) {
  const Shape shape{static_cast<std::int64_t>(tensor.ElementCount().value_or(0))};
  // A copy, because the bytes may lie anywhere in a file.
  const auto copy = TensorBuffer::CopyOf({tensor.dtype, shape, tensor.data.view()});
  if (!copy.ok()) return {};
  auto numbers = ToDoubles(copy->view());
  return numbers.ok() ? std::move(numbers).value() : std::vector<double>();
}

bool IsNear(double expected, double actual) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) && std::isnan(actual);
  if (expected == actual) return true;
  return std::abs(expected - actual) <= 1e-7 + 1e-3 * std::abs(expected);
}

std::string TensorDifference(const Tensor& expected, const Tensor& actual) {
  if (expected.dtype != actual.dtype)
    return fmt::format("type {} instead of {}", ShortName(actual.dtype), ShortName(expected.dtype));
  if (expected.dims != actual.dims)
    return fmt::format("shape [{}] instead of [{}]", fmt::join(actual.dims, ","),
                       fmt::join(expected.dims, ","));
  if (expected.strings != actual.strings) return "other strings";
  if (std::ranges::equal(expected.data.view(), actual.data.view())) return "";
  if (!IsFloatingPoint(expected.dtype) || !IsServable(expected.dtype)) return "other numbers";
  const std::vector<double> want = NumbersOf(expected);
  const std::vector<double> have = NumbersOf(actual);
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (!IsNear(want[i], have[i]))
      return fmt::format("element {} is {} instead of {}", i, have[i], want[i]);
  }
  return "";
}

bool IsIdentical(const Tensor& a, const Tensor& b) {
  return a.dtype == b.dtype && a.dims == b.dims && a.strings == b.strings &&
         std::ranges::equal(a.data.view(), b.data.view());
}

}  // namespace

Result<CaseValue> ReadCaseValue(const std::string& path, const graph::ValueType& type) {
  SLIPWAY_TRY(const std::string bytes, ReadFile(path));
  if (type.kind == graph::ValueType::Kind::kTensor) {
    ::onnx::TensorProto tensor;
    if (!tensor.ParseFromString(bytes)) return DataLoss("not a tensor");
    return TensorValue(tensor);
  }
  ::onnx::TypeProto proto;
  if (!proto.ParseFromString(type.opaque)) return DataLoss("not a type");
  if (proto.has_sequence_type()) {
    ::onnx::SequenceProto sequence;
    if (!sequence.ParseFromString(bytes)) return DataLoss("not a sequence");
    return SequenceValue(sequence);
  }
  if (proto.has_optional_type()) {
    ::onnx::OptionalProto optional;
    if (!optional.ParseFromString(bytes)) return DataLoss("not an optional");
    return OptionalValue(optional);
  }
  return Unimplemented("neither a tensor, nor a sequence, nor an optional");
}

std::string Difference(const CaseValue& expected, const CaseValue& actual) {
  if (expected.kind != actual.kind) return "another kind of value";
  if (expected.tensors.size() != actual.tensors.size())
    return fmt::format("{} tensors instead of {}", actual.tensors.size(), expected.tensors.size());
  for (std::size_t i = 0; i < expected.tensors.size(); ++i) {
    std::string difference = TensorDifference(expected.tensors[i], actual.tensors[i]);
    if (!difference.empty()) return difference;
  }
  return "";
}

bool AreIdentical(const CaseValue& a, const CaseValue& b) {
  return a.kind == b.kind && std::ranges::equal(a.tensors, b.tensors, IsIdentical);
}

}  // namespace slipway::onnx_node
