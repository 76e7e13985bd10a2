#pragma once

#include <cstdint>

/// Field numbers of onnx-ml.proto (ONNX 1.23.2, IR version 14), by message.
namespace slipway::graph::field {

namespace model {
enum : std::uint32_t {
  kIrVersion = 1,
  kProducerName = 2,
  kProducerVersion = 3,
  kDomain = 4,
  kModelVersion = 5,
  kDoc = 6,
  kGraph = 7,
  kOpsetImport = 8,
  kMetadata = 14,
  kTrainingInfo = 20,
  kFunctions = 25,
};
}  // namespace model

namespace opset {
enum : std::uint32_t { kDomain = 1, kVersion = 2 };
}  // namespace opset

namespace entry {  // StringStringEntryProto
enum : std::uint32_t { kKey = 1, kValue = 2 };
}  // namespace entry

namespace graph {
enum : std::uint32_t {
  kNode = 1,
  kName = 2,
  kInitializer = 5,
  kDoc = 10,
  kInput = 11,
  kOutput = 12,
  kValueInfo = 13,
  kQuantizationAnnotation = 14,
  kSparseInitializer = 15,
  kMetadata = 16,
};
}  // namespace graph

namespace node {
enum : std::uint32_t {
  kInput = 1,
  kOutput = 2,
  kName = 3,
  kOp = 4,
  kAttribute = 5,
  kDoc = 6,
  kDomain = 7,
  kOverload = 8,
  kMetadata = 9,
};
}  // namespace node

namespace attribute {
enum : std::uint32_t {
  kName = 1,
  kFloat = 2,
  kInt = 3,
  kString = 4,
  kTensor = 5,
  kGraph = 6,
  kFloats = 7,
  kInts = 8,
  kStrings = 9,
  kTensors = 10,
  kGraphs = 11,
  kDoc = 13,
  kTypeProto = 14,
  kTypeProtos = 15,
  kType = 20,
  kReference = 21,
  kSparseTensor = 22,
  kSparseTensors = 23,
};
}  // namespace attribute

namespace value_info {
enum : std::uint32_t { kName = 1, kType = 2, kDoc = 3, kMetadata = 4 };
}  // namespace value_info

namespace type {
enum : std::uint32_t { kTensor = 1, kDenotation = 6, kSparseTensor = 8 };
enum : std::uint32_t { kElementType = 1, kShape = 2 };  // of Tensor and SparseTensor
enum : std::uint32_t { kDim = 1 };                      // of TensorShapeProto
enum : std::uint32_t { kDimValue = 1, kDimSymbol = 2, kDimDenotation = 3 };
}  // namespace type

namespace tensor {
enum : std::uint32_t {
  kDims = 1,
  kDataType = 2,
  kFloatData = 4,
  kInt32Data = 5,
  kStringData = 6,
  kInt64Data = 7,
  kName = 8,
  kRawData = 9,
  kDoubleData = 10,
  kUint64Data = 11,
  kDoc = 12,
  kExternalData = 13,
  kDataLocation = 14,
  kMetadata = 16,
};
}  // namespace tensor

namespace sparse_tensor {
enum : std::uint32_t { kValues = 1, kIndices = 2, kDims = 3 };
}  // namespace sparse_tensor

namespace function {
enum : std::uint32_t {
  kName = 1,
  kInput = 4,
  kOutput = 5,
  kAttribute = 6,
  kNode = 7,
  kDoc = 8,
  kOpsetImport = 9,
  kDomain = 10,
  kAttributeProto = 11,
  kValueInfo = 12,
  kOverload = 13,
  kMetadata = 14,
};
}  // namespace function

}  // namespace slipway::graph::field
