// What is loaded from a compiled form is bit by bit what the model itself would answer.

#include <gtest/gtest.h>
#include <onnx/defs/parser.h>

#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/text.h"
#include "engine/onnxruntime/onnxruntime_engine.h"

namespace slipway::engine {
namespace {

const std::string kData = SLIPWAY_TESTDATA;

struct Case {
  std::string name;
  std::string graph;  ///< in ONNX's own text; the values of its weights are made up
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> weights;
  std::vector<std::pair<std::string, std::vector<std::int64_t>>> byte_weights;
};
void PrintTo(const Case& test, std::ostream* out) { *out << test.name; }

template <class Value>
void Fill(onnx::TensorProto& tensor, int type, const std::vector<std::int64_t>& dims,
          std::mt19937& random) {
  tensor.set_data_type(type);
  std::size_t count = 1;
  for (const std::int64_t dim : dims) {
    tensor.add_dims(dim);
    count *= static_cast<std::size_t>(dim);
  }
  std::vector<Value> values(count);
  for (Value& value : values) {
    if constexpr (std::is_same_v<Value, float>) {
      value = std::normal_distribution<float>(0, 0.1F)(random);
    } else {
      value = static_cast<Value>(static_cast<int>(random() % 255) - 127);
    }
  }
  tensor.set_raw_data(values.data(), count * sizeof(Value));
}

std::string Model(const Case& test) {
  onnx::ModelProto model;
  onnx::OnnxParser parser(test.graph.c_str());
  const auto status = parser.Parse(model);
  EXPECT_TRUE(status.IsOK()) << status.ErrorMessage();
  std::mt19937 random(1);
  for (const auto& [name, dims] : test.weights) {
    onnx::TensorProto& tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name(name);
    Fill<float>(tensor, onnx::TensorProto::FLOAT, dims, random);
  }
  for (const auto& [name, dims] : test.byte_weights) {
    onnx::TensorProto& tensor = *model.mutable_graph()->add_initializer();
    tensor.set_name(name);
    Fill<std::int8_t>(tensor, onnx::TensorProto::INT8, dims, random);
  }
  return model.SerializeAsString();
}

/// The bytes of all outputs of one run on made-up inputs, whose open sizes are 2.
std::string Answer(const Executable& executable) {
  std::mt19937 random(2);
  std::vector<TensorBuffer> inputs;
  std::vector<TensorView> views;
  for (const TensorSpec& spec : executable.signature().inputs) {
    Shape shape = spec.shape;
    for (std::size_t axis = 0; axis < shape.rank(); ++axis) {
      if (shape[axis] < 0) shape.SetDim(axis, 2);
    }
    Result<TensorBuffer> input = TensorBuffer::Allocate(spec.dtype, shape);
    EXPECT_TRUE(input.ok());
    std::memset(input->bytes().data(), 0, input->bytes().size());
    if (spec.dtype == DType::kF32) {
      for (float& value : input->As<float>())
        value = std::uniform_real_distribution<float>(-1, 1)(random);
    }
    inputs.push_back(std::move(*input));
  }
  for (const TensorBuffer& input : inputs) views.push_back(input.view());
  const auto outputs = executable.RunAll(views);
  EXPECT_TRUE(outputs.ok()) << outputs.status().ToString();
  std::string bytes;
  if (!outputs.ok()) return bytes;
  for (const TensorBuffer& output : *outputs)
    bytes.append(reinterpret_cast<const char*>(output.bytes().data()), output.bytes().size());
  return bytes;
}

class CompiledForm : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { engine_ = OpenOnnxRuntime({}).value(); }
  static void TearDownTestSuite() { engine_.reset(); }

  void Check(const std::string& path) {
    const auto plain = engine_->Compile({.path = path}, {});
    ASSERT_TRUE(plain.ok()) << plain.status().ToString();
    const std::string folder = folder_.path() + "/compiled";
    ASSERT_TRUE(MakeDirectories(folder).ok());
    const Status written = engine_->WriteCompiled({.path = path}, {}, folder);
    ASSERT_TRUE(written.ok()) << written.ToString();
    ExpectAligned(folder);
    const auto loaded = engine_->LoadCompiled(folder, {});
    ASSERT_TRUE(loaded.ok()) << loaded.status().ToString();
    EXPECT_EQ((*plain)->signature(), (*loaded)->signature());
    const std::string expected = Answer(**plain);
    EXPECT_FALSE(expected.empty());
    EXPECT_EQ(expected == Answer(**loaded), true);
  }

  /// Kernels for AVX-512 end the process where packed weights are mapped at other places.
  static void ExpectAligned(const std::string& folder) {
    onnx::ModelProto model;
    ASSERT_TRUE(model.ParseFromString(*ReadFile(folder + "/model.onnx")));
    for (const onnx::TensorProto& tensor : model.graph().initializer()) {
      for (const onnx::StringStringEntryProto& entry : tensor.external_data()) {
        if (entry.key() != "offset" && !entry.key().starts_with("prepacked_")) continue;
        const std::string& value = entry.value();
        const std::string_view offset =
            Split(std::string_view(value).substr(value.find('|') + 1), ';').front();
        EXPECT_EQ(ParseUint64(offset).value() % 64, 0U) << tensor.name() << ": " << value;
      }
    }
  }

  TemporaryDirectory folder_ = TemporaryDirectory::Create("compiled-").value();
  static std::unique_ptr<Engine> engine_;
};
std::unique_ptr<Engine> CompiledForm::engine_;

class CompiledOperators : public CompiledForm, public ::testing::WithParamInterface<Case> {};
TEST_P(CompiledOperators, AnswerBitByBitAsTheModelItself) {
  const std::string path = folder_.path() + "/model.onnx";
  ASSERT_TRUE(WriteFileAtomically(path, Model(GetParam())).ok());
  Check(path);
}

const Case kCases[] = {
    {"Convolutions",
     R"(<ir_version: 8, opset_import: ["" : 17]>
     g (float[N,3,32,32] x) => (float[N,10] y) {
       a = Conv<kernel_shape=[3,3], pads=[1,1,1,1]>(x, w1)
       b = Relu(a)
       c = Conv<kernel_shape=[3,3], pads=[1,1,1,1], group=32>(b, w2)
       d = Clip(c)
       e = Conv<kernel_shape=[1,1]>(d, w3)
       f = Add(e, b)
       h = MaxPool<kernel_shape=[2,2], strides=[2,2]>(f)
       i = GlobalAveragePool(h)
       j = Flatten(i)
       y = Gemm(j, w4, b4)
     })",
     {{"w1", {32, 3, 3, 3}},
      {"w2", {32, 1, 3, 3}},
      {"w3", {32, 32, 1, 1}},
      {"w4", {32, 10}},
      {"b4", {10}}},
     {}},
    {"Products",
     R"(<ir_version: 8, opset_import: ["" : 17]>
     g (float[N,8,64] x) => (float[N,8,64] y) {
       q = MatMul(x, wq)
       k = MatMul(x, wk)
       v = MatMul(x, wv)
       kt = Transpose<perm=[0,2,1]>(k)
       s = MatMul(q, kt)
       p = Softmax<axis=-1>(s)
       o = MatMul(p, v)
       r = Add(o, x)
       n = LayerNormalization<axis=-1>(r, g1, b1)
       h = MatMul(n, w1)
       e = Erf(h)
       y = MatMul(e, w2)
     })",
     {{"wq", {64, 64}},
      {"wk", {64, 64}},
      {"wv", {64, 64}},
      {"g1", {64}},
      {"b1", {64}},
      {"w1", {64, 256}},
      {"w2", {256, 64}}},
     {}},
    {"Quantized",
     R"(<ir_version: 8, opset_import: ["" : 17]>
     g (float[N,64] x) => (float[N,16] y)
       <float s = {0.02}, int8 z = {0}, float t = {0.03}>
     {
       xq, xs, xz = DynamicQuantizeLinear(x)
       m = MatMulInteger(xq, w8, xz)
       f = Cast<to=1>(m)
       h = Mul(f, xs)
       a = QuantizeLinear(h, s, z)
       ad = DequantizeLinear(a, s, z)
       vd = DequantizeLinear(v8, t)
       y = MatMul(ad, vd)
     })",
     {},
     {{"w8", {64, 64}}, {"v8", {64, 16}}}},
    {"QuantizedConvolution",
     R"(<ir_version: 8, opset_import: ["" : 17]>
     g (float[N,8,16,16] x) => (float[N,16,16,16] y)
       <float s = {0.02}, int8 z = {0}>
     {
       a = QuantizeLinear(x, s, z)
       ad = DequantizeLinear(a, s, z)
       wd = DequantizeLinear(w8, s, z)
       c = Conv<kernel_shape=[3,3], pads=[1,1,1,1]>(ad, wd)
       q = QuantizeLinear(c, s, z)
       y = DequantizeLinear(q, s, z)
     })",
     {},
     {{"w8", {16, 8, 3, 3}}}},
    {"Recurrent",
     R"(<ir_version: 8, opset_import: ["" : 17]>
     g (float[6,N,16] x) => (float[6,1,N,32] y, float[6,1,N,32] z) {
       y = LSTM<hidden_size=32>(x, w, r)
       z = GRU<hidden_size=32>(x, w2, r2)
     })",
     {{"w", {1, 128, 16}}, {"r", {1, 128, 32}}, {"w2", {1, 96, 16}}, {"r2", {1, 96, 32}}},
     {}},
    {"Branches",
     R"(<ir_version: 8, opset_import: ["" : 17]>
     g (float[N,32] x) => (float[N,32] y) {
       m = ReduceMax<keepdims=0>(x)
       t = Constant<value_float=0.5>()
       c = Greater(m, t)
       y = If (c) <then_branch = t1 () => (float[N,32] o1) { o1 = MatMul(x, w1) },
                   else_branch = t2 () => (float[N,32] o2) { o2 = MatMul(x, w2) }>
     })",
     {{"w1", {32, 32}}, {"w2", {32, 32}}},
     {}},
    {"WithoutWeights",
     R"(<ir_version: 8, opset_import: ["" : 17]>
     g (float[N,4] x) => (float[N,4] y) { y = Softmax(x) })",
     {},
     {}},
};
INSTANTIATE_TEST_SUITE_P(Of, CompiledOperators, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

class CompiledRealModel : public CompiledForm, public ::testing::WithParamInterface<const char*> {};
TEST_P(CompiledRealModel, AnswersBitByBitAsTheModelItself) { Check(kData + "/" + GetParam()); }
INSTANTIATE_TEST_SUITE_P(Of, CompiledRealModel,
                         ::testing::Values("mnist/mnist_tf2onnx.onnx",
                                           "torch/residual_opset17.onnx", "torch/text_opset17.onnx",
                                           "torch/text_dynamo.onnx", "tutorials/ort_dynamic.onnx",
                                           "tutorials/ort_static_qdq.onnx"));

TEST_F(CompiledForm, IsOfItsReleaseProcessorAndSettings) {
  const std::string key = engine_->CompiledFormKey({});
  EXPECT_NE(key.find(engine_->version()), std::string::npos);
  EXPECT_EQ(key, engine_->CompiledFormKey({}));
  EXPECT_NE(key, engine_->CompiledFormKey({.intra_op_threads = 2}));
  EXPECT_EQ(engine_->CompiledFormKey({.optimize = false}), "");
}

TEST_F(CompiledForm, AModelThatCannotBeCompiledIsRefused) {
  const std::string path = folder_.path() + "/model.onnx";
  ASSERT_TRUE(WriteFileAtomically(path, "not a model").ok());
  EXPECT_FALSE(engine_->WriteCompiled({.path = path}, {}, folder_.path()).ok());
}

}  // namespace
}  // namespace slipway::engine
