#include "cli/tensor_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "base/error_catalogue.h"
#include "base/file.h"

namespace slipway::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const TensorSpec kPair{.name = "x", .dtype = DType::kF32, .shape = {-1, 2}};
const TensorSpec kIds{.name = "ids", .dtype = DType::kI32, .shape = {-1}};

TensorView View(const std::vector<float>& values, const Shape& shape) {
  return {DType::kF32, shape, std::as_bytes(std::span(values))};
}

class TensorFiles : public testing::Test {
 protected:
  void SetUp() override {
    Result<TemporaryDirectory> folder = TemporaryDirectory::Create("tensor-files-");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(std::move(*folder));
  }
  std::string Path(const std::string& name) const { return folder_->path() + "/" + name; }
  std::string Write(const std::string& name, std::string_view content) const {
    EXPECT_TRUE(WriteFileAtomically(Path(name), content).ok());
    return Path(name);
  }
  std::string WriteNpy(const std::string& name, const TensorView& tensor) const {
    return Write(name, EncodeNpy(tensor).value());
  }

 private:
  std::optional<TemporaryDirectory> folder_;
};

Result<std::vector<TensorBuffer>> Read(const std::vector<TensorSpec>& specs,
                                       const std::vector<std::string>& arguments) {
  const Signature signature{.inputs = specs, .outputs = {}};
  return ReadInputs(signature, arguments);
}

const std::vector<float> kFour = {1, 2, 3, 4};

TEST_F(TensorFiles, AnInputComesFromNpy) {
  auto inputs = Read({kPair}, {"x=@" + WriteNpy("a.npy", View(kFour, {2, 2}))});
  ASSERT_TRUE(inputs.ok()) << inputs.status().ToString();
  EXPECT_THAT((*inputs)[0].As<float>(), ElementsAre(1, 2, 3, 4));
}

TEST_F(TensorFiles, AnInputComesFromAnArrayOfNpz) {
  const std::string path = Path("set.npz");
  const std::vector<float> other = {9, 9};
  const NamedView arrays[] = {{"first", View(kFour, {2, 2})}, {"second", View(other, {1, 2})}};
  ASSERT_TRUE(WriteNpz(path, arrays).ok());
  auto inputs = Read({kPair}, {"x=@" + path + ":second"});
  ASSERT_TRUE(inputs.ok()) << inputs.status().ToString();
  EXPECT_THAT((*inputs)[0].As<float>(), ElementsAre(9, 9));
  const Status absent = Read({kPair}, {"x=@" + path}).status();
  EXPECT_EQ(absent.code(), Code::kNotFound);
  EXPECT_THAT(absent.message(), HasSubstr("first, second"));
  EXPECT_THAT(absent.hint(), HasSubstr(":ARRAY"));
}

TEST_F(TensorFiles, AllInputsComeFromOneNpzByNameOrPosition) {
  const std::string path = Path("all.npz");
  const std::vector<float> ids = {7, 8};
  const NamedView arrays[] = {
      {"ids", View(ids, {2})}, {"in_0", View(kFour, {2, 2})}, {"label", View(ids, {2})}};
  ASSERT_TRUE(WriteNpz(path, arrays).ok());
  auto inputs = Read({kPair, kIds}, {"@" + path});
  ASSERT_TRUE(inputs.ok()) << inputs.status().ToString();
  EXPECT_THAT((*inputs)[0].As<float>(), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT((*inputs)[1].As<std::int32_t>(), ElementsAre(7, 8));
}

TEST_F(TensorFiles, JsonStandsInTheArgumentOrInAFile) {
  EXPECT_THAT((*Read({kPair}, {"x=[[5,6]]"}))[0].As<float>(), ElementsAre(5, 6));
  const std::string path = Write("in.json", R"({"ids": [3], "x": [[5, 6]]})");
  auto inputs = Read({kPair, kIds}, {"@" + path});
  ASSERT_TRUE(inputs.ok()) << inputs.status().ToString();
  EXPECT_THAT((*inputs)[1].As<std::int32_t>(), ElementsAre(3));
}

TEST_F(TensorFiles, RawBytesFillTheFreeDimension) {
  const std::string_view bytes(reinterpret_cast<const char*>(kFour.data()), 16);
  auto inputs = Read({kPair}, {"x=@" + Write("a.raw", bytes)});
  ASSERT_TRUE(inputs.ok()) << inputs.status().ToString();
  EXPECT_EQ((*inputs)[0].shape(), (Shape{2, 2}));
  const Status status = Read({kPair}, {"x=@" + Write("b.raw", bytes.substr(0, 15))}).status();
  EXPECT_EQ(status.number(), errors::kTensorDataMismatch);
}

TEST_F(TensorFiles, ValuesAreCastToTheModelsType) {
  auto inputs = Read({kIds}, {"ids=@" + WriteNpy("ids.npy", View(kFour, {4}))});
  ASSERT_TRUE(inputs.ok()) << inputs.status().ToString();
  EXPECT_THAT((*inputs)[0].As<std::int32_t>(), ElementsAre(1, 2, 3, 4));
}

TEST_F(TensorFiles, AShapeThatDoesNotFitShowsBothSides) {
  const Status status = Read({kPair}, {"x=[[1,2,3]]"}).status();
  EXPECT_EQ(status.number(), errors::kTensorShapeMismatch);
  EXPECT_THAT(status.message(), HasSubstr("[N,2]"));
  EXPECT_THAT(status.message(), HasSubstr("[1,3]"));
}

TEST_F(TensorFiles, MissingUnknownAndRepeatedInputsAreNamed) {
  EXPECT_THAT(Read({kPair, kIds}, {"x=[[1,2]]"}).status().message(),
              HasSubstr("input \"ids\" is missing: ids i32[N]"));
  EXPECT_THAT(Read({kIds}, {"idz=[1]"}).status().message(), HasSubstr("did you mean ids?"));
  EXPECT_THAT(Read({kIds}, {"ids=[1]", "ids=[2]"}).status().message(), HasSubstr("twice"));
  EXPECT_EQ(Read({kIds}, {"ids"}).status().number(), errors::kUsage);
}

TEST_F(TensorFiles, BrokenFilesAreNamed) {
  for (const auto& [name, content] :
       {std::pair{"cut.npy", "\x93NUMPY"}, {"not.npz", "no zip"}, {"bad.json", "[1,"}}) {
    const std::string path = Write(name, content);
    const Status status = Read({kIds}, {"ids=@" + path}).status();
    EXPECT_FALSE(status.ok()) << name;
    EXPECT_THAT(status.ToString(), HasSubstr(name));
  }
  EXPECT_EQ(Read({kIds}, {"ids=@" + Path("absent.npy")}).status().code(), Code::kNotFound);
}

TEST_F(TensorFiles, OutputsAreWrittenByTheEndingOfThePath) {
  const std::vector<NamedView> one = {{"y", View(kFour, {2, 2})}};
  EXPECT_TRUE(WriteOutputs(Path("y.json"), one).ok());
  EXPECT_EQ(*ReadFile(Path("y.json")), "{\"y\":[[1.0,2.0],[3.0,4.0]]}\n");
  EXPECT_TRUE(WriteOutputs(Path("y.npy"), one).ok());
  EXPECT_TRUE(WriteOutputs(Path("y.npz"), one).ok());
  EXPECT_EQ(ReadNpz(Path("y.npz"))->at(0).name, "y");
  EXPECT_EQ(WriteOutputs(Path("y.txt"), one).number(), errors::kUsage);
}

TEST_F(TensorFiles, SeveralOutputsDoNotFitOneNpy) {
  const std::vector<NamedView> two = {{"y", View(kFour, {4})}, {"z", View(kFour, {4})}};
  EXPECT_EQ(WriteOutputs(Path("y.npy"), two).number(), errors::kUsage);
  EXPECT_FALSE(std::filesystem::exists(Path("y.npy")));
}

}  // namespace
}  // namespace slipway::cli
