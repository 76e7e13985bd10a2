#include "serve/grpc/infer_message.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "base/error_catalogue.h"
#include "base/wire_writer.h"
#include "inference.pb.h"

namespace slipway::serve::grpc {
namespace {

using namespace std::string_view_literals;
using Request = inference::ModelInferRequest;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

const Signature kOne = {.inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1}}},
                        .outputs = {{.name = "y", .dtype = DType::kF32, .shape = {-1}}}};
const Signature kTwo = {.inputs = {{.name = "x", .dtype = DType::kF32, .shape = {-1}},
                                   {.name = "z", .dtype = DType::kF32, .shape = {-1}}},
                        .outputs = kOne.outputs};

Request::InferInputTensor& AddInput(Request& request, std::string_view type,
                                    std::vector<std::int64_t> shape, std::string_view name = "x") {
  auto& input = *request.add_inputs();
  input.set_name(std::string(name));
  input.set_datatype(std::string(type));
  for (const std::int64_t dim : shape) input.add_shape(dim);
  return input;
}

/// "ok", or the error as one line.
std::string Told(std::string_view message, const Signature& signature = kOne) {
  InferMessage request;
  const Status status = DecodeInferMessage(Bytes(message), signature, request);
  return status.ok() ? "ok" : status.ToString();
}

std::string Told(const Request& request, const Signature& signature = kOne) {
  return Told(request.SerializeAsString(), signature);
}

TEST(InferMessage, FieldsAreReadInPlace) {
  Request request;
  request.set_model_name("iris");
  request.set_model_version("3");
  request.set_id("seventeen");
  (*request.mutable_parameters())["timeout"].set_int64_param(1500);
  AddInput(request, "FP32", {2});
  auto& output = *request.add_outputs();
  output.set_name("y");
  (*output.mutable_parameters())["classification"].set_int64_param(2);
  request.add_raw_input_contents("\0\0\x80\x3f\0\0\0\x40"sv.data(), 8);
  const std::string bytes = request.SerializeAsString();

  const auto target = ReadTarget(Bytes(bytes));
  ASSERT_TRUE(target.ok());
  EXPECT_EQ(target->model, "iris");
  EXPECT_EQ(target->version, "3");
  InferMessage decoded;
  ASSERT_TRUE(DecodeInferMessage(Bytes(bytes), kOne, decoded).ok());
  EXPECT_EQ(decoded.id, "seventeen");
  EXPECT_EQ(decoded.timeout, std::chrono::microseconds(1500));
  ASSERT_EQ(decoded.inputs.size(), 1U);
  EXPECT_EQ(decoded.inputs[0].name, "x");
  EXPECT_EQ(decoded.inputs[0].tensor.As<float>()[1], 2.0F);
  ASSERT_EQ(decoded.outputs.size(), 1U);
  EXPECT_EQ(decoded.outputs[0].classes, 2U);
}

TEST(InferMessage, RawContentsAreCopiedOnlyFromOddAddresses) {
  Request request;
  AddInput(request, "FP32", {2});
  request.add_raw_input_contents(std::string(8, 'r'));
  const std::string bytes = request.SerializeAsString();
  std::size_t views = 0;
  for (std::size_t offset = 0; offset < 4; ++offset) {
    const std::string moved = std::string(offset, ' ') + bytes;
    InferMessage decoded;
    ASSERT_TRUE(DecodeInferMessage(Bytes(moved).subspan(offset), kOne, decoded).ok());
    const auto* const data = decoded.inputs[0].tensor.bytes.data();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(data) % 4, 0U);
    views += decoded.memory.empty() ? 1 : 0;
  }
  EXPECT_EQ(views, 1U);
}

TEST(InferMessage, ContentsOfEveryTypeAreRead) {
  Request request;
  AddInput(request, "INT8", {3});
  auto& contents = *request.mutable_inputs(0)->mutable_contents();
  for (const int value : {-128, 0, 127}) contents.add_int_contents(value);
  const std::string bytes = request.SerializeAsString();
  InferMessage decoded;
  ASSERT_TRUE(DecodeInferMessage(Bytes(bytes), kOne, decoded).ok());
  EXPECT_EQ(decoded.inputs[0].tensor.As<std::int8_t>()[0], -128);
  EXPECT_EQ(decoded.inputs[0].tensor.As<std::int8_t>()[2], 127);
}

TEST(InferMessage, StringsOneByOneBecomePacked) {
  Request request;
  AddInput(request, "BYTES", {2}).mutable_contents()->add_bytes_contents("ab");
  request.mutable_inputs(0)->mutable_contents()->add_bytes_contents("");
  const std::string bytes = request.SerializeAsString();
  InferMessage decoded;
  ASSERT_TRUE(DecodeInferMessage(Bytes(bytes), kOne, decoded).ok());
  const auto strings = UnpackStrings(decoded.inputs[0].tensor);
  ASSERT_TRUE(strings.ok());
  EXPECT_EQ(*strings, (std::vector<std::string_view>{"ab", ""}));
}

// Both encodings of repeated numbers, mixed, and contents in two pieces, which protobuf merges.
TEST(InferMessage, PackedAndUnpackedContentsMerge) {
  WireWriter unpacked;
  unpacked.Float(6, 1.0F);
  WireWriter packed;
  packed.Text(6, "\0\0\0\x40\0\0\x40\x40"sv);
  WireWriter input;
  input.Text(1, "x");
  input.Message(5, unpacked);
  input.Text(2, "FP32");
  input.Varint(3, 3);
  input.Message(5, packed);
  WireWriter request;
  request.Message(5, input);
  const std::string bytes = request.Joined();
  InferMessage decoded;
  ASSERT_TRUE(DecodeInferMessage(Bytes(bytes), kOne, decoded).ok());
  const auto values = decoded.inputs[0].tensor.As<float>();
  EXPECT_EQ(std::vector<float>(values.begin(), values.end()), (std::vector<float>{1, 2, 3}));
}

TEST(InferMessage, UnknownFieldsAreAnotherVersions) {
  Request request;
  AddInput(request, "FP32", {1});
  request.add_raw_input_contents(std::string(4, '\0'));
  WireWriter more;
  more.Serialised(request.SerializeAsString());
  more.Varint(77, 1);
  more.Text(78, "later");
  EXPECT_EQ(Told(more.Joined()), "ok");
}

// Bad input G11: bytes that are no protobuf message, and fields that are encoded as another type
TEST(InferMessage, BrokenBytesAreRefused) {
  for (const std::string_view message :
       {"\x2a\x05\x0a"sv, "\x08"sv, "\x2b\x2c"sv, "\x02\x01x"sv, "\x1a\x02\xff\xfe"sv, "\x28\x01"sv,
        "\x3a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x38\x01"sv, "\x18\x01"sv,
        "\x38\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"sv, "\x2a\x02\x08\x01"sv,
        "\x2a\x04\x0a\x02\xff\xfe"sv, "\x2a\x06\x2a\x04\x32\x02\x00\x00"sv}) {
    EXPECT_NE(Told(message), "ok");
  }
}

// Bad input G11: more fields and tensors than any model has are refused before anything is kept
TEST(InferMessage, CountsAreBounded) {
  std::string many;
  for (int i = 0; i < 70'000; ++i) many += "\x2a\x00"sv;
  EXPECT_EQ(ReadTarget(Bytes(many)).status().message(), "the request has more than 65536 fields");
  EXPECT_NE(Told(many), "ok");
  Request request;
  AddInput(request, "FP32", {0});
  AddInput(request, "FP32", {0}, "y");
  EXPECT_EQ(Told(request), "more inputs than the 1 of the model");
}

// Bad input G12: raw contents for some inputs only, beside typed ones, and of another length
TEST(InferMessage, EitherAllRawOrAllTyped) {
  Request request;
  AddInput(request, "FP32", {1});
  AddInput(request, "FP32", {1}, "z");
  request.add_raw_input_contents(std::string(4, '\0'));
  EXPECT_EQ(Told(request, kTwo), "raw_input_contents has 1 entries for 2 inputs");
  request.mutable_inputs(1)->mutable_contents()->add_fp32_contents(1);
  EXPECT_EQ(Told(request, kTwo), "input \"z\" has contents, and there is raw_input_contents");
  request.mutable_inputs(1)->clear_contents();
  request.add_raw_input_contents(std::string(4, '\0'));
  EXPECT_EQ(Told(request, kTwo), "ok");
  request.add_raw_input_contents(std::string(4, '\0'));
  EXPECT_NE(Told(request, kTwo), "ok");
}

TEST(InferMessage, RefusalsNameTheField) {
  Request request;
  auto& input = AddInput(request, "FP32", {2});
  input.mutable_contents()->add_fp32_contents(1);
  EXPECT_EQ(Told(request), "shape [2] has 2 elements, fp32_contents has 1 (at inputs[0])");
  input.mutable_contents()->add_int64_contents(1);
  EXPECT_EQ(Told(request),
            "FP32 takes its values in fp32_contents, got int64_contents (at inputs[0])");
  input.set_datatype("FP16");
  EXPECT_EQ(Told(request), "FP16 travels in raw_input_contents only (at inputs[0])");
  input.set_datatype("FP31");
  EXPECT_EQ(Told(request), "unknown datatype \"FP31\" (at inputs[0])");
  input.set_datatype("INT8");
  input.clear_contents();
  input.mutable_contents()->add_int_contents(0);
  input.mutable_contents()->add_int_contents(128);
  EXPECT_EQ(Told(request), "element 1 does not fit into INT8 (at inputs[0])");
  input.set_shape(0, -2);
  EXPECT_EQ(Told(request), "a dimension is not negative (at inputs[0])");
  input.clear_name();
  EXPECT_EQ(Told(request), "the input has no name (at inputs[0])");
}

TEST(InferMessage, ReservedParametersAreRefused) {
  for (const std::string key : {"triton_x", "_x", "shared_memory_region"}) {
    Request request;
    (*AddInput(request, "FP32", {0}).mutable_parameters())[key].set_bool_param(true);
    EXPECT_NE(Told(request), "ok") << key;
  }
  Request request;
  (*request.mutable_parameters())["triton_enable_empty_final_response"].set_bool_param(true);
  AddInput(request, "FP32", {0});
  EXPECT_EQ(Told(request), "ok");
  (*request.mutable_parameters())["timeout"].set_int64_param(-1);
  EXPECT_EQ(Told(request), "parameter \"timeout\" is an integer, not negative");
}

TEST(InferMessage, PriorityIsAnInteger) {
  Request request;
  AddInput(request, "FP32", {0});
  for (const bool is_signed : {false, true}) {
    auto& priority = (*request.mutable_parameters())["priority"];
    is_signed ? priority.set_int64_param(3) : priority.set_uint64_param(3);
    const std::string bytes = request.SerializeAsString();
    InferMessage decoded;
    ASSERT_TRUE(DecodeInferMessage(Bytes(bytes), kOne, decoded).ok());
    EXPECT_EQ(decoded.priority, 3U);
  }
  (*request.mutable_parameters())["priority"].set_string_param("high");
  EXPECT_EQ(Told(request), "parameter \"priority\" is an integer, not negative");
}

TEST(InferMessage, ASequenceIsNamedByANumberOrAText) {
  Request request;
  AddInput(request, "FP32", {0});
  auto& parameters = *request.mutable_parameters();
  parameters["sequence_start"].set_bool_param(true);
  parameters["sequence_end"].set_bool_param(false);
  for (const SequenceId& id : {SequenceId(7U), SequenceId("seven")}) {
    if (std::holds_alternative<std::string>(id)) {
      parameters["sequence_id"].set_string_param(std::get<std::string>(id));
    } else {
      parameters["sequence_id"].set_int64_param(7);
    }
    const std::string bytes = request.SerializeAsString();
    InferMessage decoded;
    ASSERT_TRUE(DecodeInferMessage(Bytes(bytes), kOne, decoded).ok());
    EXPECT_EQ(decoded.sequence.id, id);
    EXPECT_TRUE(decoded.sequence.is_start);
    EXPECT_FALSE(decoded.sequence.is_end);
  }
  parameters["sequence_start"].set_int64_param(1);
  EXPECT_EQ(Told(request), "parameter \"sequence_start\" is true or false");
  parameters.erase("sequence_start");
  parameters["sequence_id"].set_bool_param(true);
  EXPECT_EQ(Told(request), "parameter \"sequence_id\" is an integer, not negative");
}

TEST(InferMessage, ARequestCutAnywhereIsRefusedOrSmaller) {
  Request request;
  request.set_model_name("iris");
  auto& input = AddInput(request, "INT64", {3});
  for (const int value : {1, 300, -1}) input.mutable_contents()->add_int64_contents(value);
  const std::string bytes = request.SerializeAsString();
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    const std::string cut =
        bytes.substr(0, size);  // its own memory, so that sanitizers see its end
    InferMessage decoded;
    const Status status = DecodeInferMessage(Bytes(cut), kOne, decoded);
    EXPECT_TRUE(!status.ok() || decoded.inputs.empty()) << size;
  }
}

}  // namespace
}  // namespace slipway::serve::grpc
