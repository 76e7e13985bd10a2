#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <cstring>

#include "base/file.h"
#include "inference.pb.h"
#include "serve/grpc/grpc_world.h"

namespace slipway::serve::grpc {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

/// A server whose machine has one shared memory object, "/o": the floats 1 to 6, then zeros.
class SharedMemoryGrpc : public testing::Test {
 protected:
  SharedMemoryGrpc() {
    std::string content(64, '\0');
    const std::array<float, 6> values = {1, 2, 3, 4, 5, 6};
    std::memcpy(content.data(), values.data(), sizeof(values));
    EXPECT_TRUE(WriteFileAtomically(Path(), content).ok());
  }

  std::string Path() const { return folder_.path() + "/o"; }
  RpcAnswer Ask(std::string_view method, const google::protobuf::MessageLite& message) {
    return world_.Ask(method, message.SerializeAsString(), key_);
  }
  std::string Register(std::uint64_t byte_size = 64) {
    inference::SystemSharedMemoryRegisterRequest request;
    request.set_name("r");
    request.set_key("/o");
    request.set_byte_size(byte_size);
    return Ask("SystemSharedMemoryRegister", request).status;
  }
  inference::SystemSharedMemoryStatusResponse Regions() {
    inference::SystemSharedMemoryStatusResponse response;
    const RpcAnswer answer =
        Ask("SystemSharedMemoryStatus", inference::SystemSharedMemoryStatusRequest());
    EXPECT_EQ(answer.status, "0");
    EXPECT_TRUE(response.ParseFromString(std::string(answer.Payload())));
    return response;
  }

  static inference::ModelInferRequest InferRequestOf(std::int64_t byte_size) {
    inference::ModelInferRequest request;
    request.set_model_name("row");
    auto& input = *request.add_inputs();
    input.set_name("x");
    input.set_datatype("FP32");
    input.add_shape(2);
    input.add_shape(3);
    (*input.mutable_parameters())["shared_memory_region"].set_string_param("r");
    (*input.mutable_parameters())["shared_memory_byte_size"].set_int64_param(byte_size);
    return request;
  }

  TemporaryDirectory folder_ = TemporaryDirectory::Create("shm").value();
  RegionTable regions_{{}, folder_.path()};
  RpcWorld world_{access::Openness::kToThisMachine, &regions_};
  const std::vector<net::Header> key_ = {{"slipway-key", std::string(RpcWorld::kKey)}};
};

TEST_F(SharedMemoryGrpc, RegionsAreRegisteredListedAndForgotten) {
  EXPECT_EQ(Register(65), "3");
  ASSERT_EQ(Register(), "0");
  EXPECT_EQ(Register(), "6");
  EXPECT_EQ(Regions().regions().at("r").key(), "/o");
  EXPECT_EQ(Regions().regions().at("r").byte_size(), 64U);
  inference::SystemSharedMemoryUnregisterRequest request;
  request.set_name("r");
  EXPECT_EQ(Ask("SystemSharedMemoryUnregister", request).status, "0");
  EXPECT_EQ(Regions().regions_size(), 0);
  inference::SystemSharedMemoryStatusRequest missing;
  missing.set_name("r");
  EXPECT_EQ(Ask("SystemSharedMemoryStatus", missing).status, "5");
}

TEST_F(SharedMemoryGrpc, TensorsAreReadAndWrittenThere) {
  ASSERT_EQ(Register(), "0");
  inference::ModelInferRequest request = InferRequestOf(24);
  auto& output = *request.add_outputs();
  output.set_name("out_x");
  (*output.mutable_parameters())["shared_memory_region"].set_string_param("r");
  (*output.mutable_parameters())["shared_memory_offset"].set_int64_param(32);
  (*output.mutable_parameters())["shared_memory_byte_size"].set_int64_param(32);
  const RpcAnswer answer = Ask("ModelInfer", request);
  ASSERT_EQ(answer.status, "0") << answer.message;
  inference::ModelInferResponse response;
  ASSERT_TRUE(response.ParseFromString(std::string(answer.Payload())));
  const auto& parameters = response.outputs(0).parameters();
  EXPECT_EQ(parameters.at("shared_memory_region").string_param(), "r");
  EXPECT_EQ(parameters.at("shared_memory_offset").int64_param(), 32);
  EXPECT_EQ(parameters.at("shared_memory_byte_size").int64_param(), 24);
  ASSERT_EQ(response.raw_output_contents_size(), 1) << "clients count the entries";
  EXPECT_EQ(response.raw_output_contents(0), "");
  const std::string content = ReadFile(Path()).value();
  EXPECT_EQ(content.substr(32, 24), content.substr(0, 24));
}

TEST_F(SharedMemoryGrpc, RawContentsAreThoseOfTheOtherInputs) {
  ASSERT_EQ(Register(), "0");
  inference::ModelInferRequest request = InferRequestOf(24);
  EXPECT_EQ(Ask("ModelInfer", request).status, "0");
  request.add_raw_input_contents(std::string(24, '\0'));
  EXPECT_THAT(Ask("ModelInfer", request).Line(), HasSubstr("1 entries for 0 inputs"));
}

TEST_F(SharedMemoryGrpc, APlaceThatIsNotThereIsRefused) {
  EXPECT_EQ(Ask("ModelInfer", InferRequestOf(24)).status, "5");
  ASSERT_EQ(Register(), "0");
  EXPECT_EQ(Ask("ModelInfer", InferRequestOf(20)).status, "3");
  EXPECT_EQ(Ask("ModelInfer", InferRequestOf(-1)).status, "3");
  inference::ModelInferRequest far = InferRequestOf(24);
  (*far.mutable_inputs(0)->mutable_parameters())["shared_memory_offset"].set_uint64_param(
      std::uint64_t{0} - 24);
  EXPECT_EQ(Ask("ModelInfer", far).status, "3");
  inference::ModelInferRequest both = InferRequestOf(24);
  both.mutable_inputs(0)->mutable_contents()->add_fp32_contents(1);
  EXPECT_EQ(Ask("ModelInfer", both).status, "3");
  ASSERT_EQ(truncate(Path().c_str(), 7), 0);
  EXPECT_THAT(Ask("ModelInfer", InferRequestOf(24)).Line(), StartsWith("9 the shared memory"));
}

TEST_F(SharedMemoryGrpc, WhereItIsOffTheMethodsSayHowToSwitchItOn) {
  RpcWorld off;
  EXPECT_THAT(off.Ask("SystemSharedMemoryStatus", "", key_).Line(),
              StartsWith("12 shared memory is not available"));
  EXPECT_THAT(off.Ask("ModelInfer", InferRequestOf(24).SerializeAsString()).Line(),
              StartsWith("12 shared memory is not available"));
}

}  // namespace
}  // namespace slipway::serve::grpc
