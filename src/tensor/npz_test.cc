#include "tensor/npz.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>

#include "base/error_catalogue.h"
#include "base/file.h"

namespace slipway {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string Npy(std::string_view dict, std::string_view data, char version = 1) {
  std::string text("\x93NUMPY", 6);
  text += version;
  text += '\0';
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  for (std::size_t i = 0; i < length_bytes; ++i) text += static_cast<char>(dict.size() >> (8 * i));
  return text.append(dict).append(data);
}

template <class T>
TensorView View(DType dtype, const Shape& shape, const std::vector<T>& values) {
  return {dtype, shape, std::as_bytes(std::span(values))};
}

const TensorBuffer& Find(const std::vector<NamedTensor>& arrays, std::string_view name) {
  for (const NamedTensor& array : arrays) {
    if (array.name == name) return array.tensor;
  }
  ADD_FAILURE() << "no array " << name;
  return arrays.front().tensor;
}

std::vector<double> Numbers(const TensorBuffer& tensor) { return ToDoubles(tensor.view()).value(); }

std::vector<NamedTensor> NumpyTypes() {
  return ReadNpz(SLIPWAY_TESTDATA "/npz/numpy_types.npz").value();
}

TEST(ReadNpz, KeepsTheOrderAndNamesOfNumpy) {
  std::vector<std::string> names;
  for (const NamedTensor& array : NumpyTypes()) names.push_back(array.name);
  EXPECT_THAT(names, ElementsAre("f32", "big", "fortran", "flags", "scalar", "half", "empty",
                                 "text", "raw", "cplx"));
}

TEST(ReadNpz, ReadsNumbersOfNumpy) {
  const auto arrays = NumpyTypes();
  EXPECT_EQ(Find(arrays, "f32").shape(), (Shape{2, 3}));
  EXPECT_THAT(Numbers(Find(arrays, "f32")), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(Numbers(Find(arrays, "big")), ElementsAre(0, 1, 2));
  EXPECT_THAT(Numbers(Find(arrays, "half")), ElementsAre(1.5, -2));
  EXPECT_THAT(Numbers(Find(arrays, "flags")), ElementsAre(1, 0));
  EXPECT_EQ(Find(arrays, "scalar").shape(), Shape());
  EXPECT_THAT(Numbers(Find(arrays, "scalar")), ElementsAre(2.5));
  EXPECT_EQ(Find(arrays, "empty").shape(), (Shape{0, 3}));
  EXPECT_EQ(Find(arrays, "cplx").dtype(), DType::kComplex64);
}

TEST(ReadNpz, GivesFortranOrderBackInCOrder) {
  const auto arrays = NumpyTypes();
  std::vector<double> expected(24);
  for (std::size_t i = 0; i < expected.size(); ++i) expected[i] = static_cast<double>(i);
  EXPECT_EQ(Numbers(Find(arrays, "fortran")), expected);
}

TEST(ReadNpz, ReadsFixedWidthStringsAsUtf8) {
  const auto arrays = NumpyTypes();
  EXPECT_THAT(UnpackStrings(Find(arrays, "text").view()).value(),
              ElementsAre("a", "héllo", "日本"));
  EXPECT_THAT(UnpackStrings(Find(arrays, "raw").view()).value(), ElementsAre("x", "yz"));
}

TEST(ReadNpz, RefusesPickledObjectsByName) {
  const Status status = ReadNpz(SLIPWAY_TESTDATA "/npz/numpy_object.npz").status();
  EXPECT_EQ(status.code(), Code::kUnimplemented);
  EXPECT_EQ(status.number(), errors::kForbiddenContent);
  EXPECT_THAT(status.place(), HasSubstr("bad.npy"));
}

TEST(ReadNpz, NamesAMissingFile) {
  const Status status = ReadNpz("/nowhere/x.npz").status();
  EXPECT_EQ(status.code(), Code::kNotFound);
  EXPECT_THAT(status.ToString(), HasSubstr("/nowhere/x.npz"));
}

TEST(DecodeNpz, GivesBackWhatEncodeNpzTook) {
  const std::vector<float> values = {1, 2, 3, 4};
  const std::vector<std::int64_t> labels = {7, 8};
  const std::vector<NamedView> arrays = {{"x", View(DType::kF32, {2, 2}, values)},
                                         {"block/y:0", View(DType::kI64, {2}, labels)}};
  const std::string file = EncodeNpz(arrays).value();
  const auto back = DecodeNpz(Bytes(file)).value();
  ASSERT_EQ(back.size(), 2U);
  EXPECT_EQ(back[1].name, "block/y:0");
  EXPECT_EQ(back[1].tensor.dtype(), DType::kI64);
  EXPECT_THAT(Numbers(Find(back, "x")), ElementsAre(1, 2, 3, 4));
}

TEST(EncodeNpz, GivesEqualBytesForEqualArrays) {
  const std::vector<float> values(1000, 1.0F);
  const std::vector<NamedView> arrays = {{"x", View(DType::kF32, {1000}, values)}};
  EXPECT_EQ(EncodeNpz(arrays).value(), EncodeNpz(arrays).value());
}

TEST(EncodeNpz, WritesAnEmptyFileThatReadsBack) {
  EXPECT_TRUE(DecodeNpz(Bytes(EncodeNpz({}).value())).value().empty());
}

TEST(EncodeNpz, RefusesANameTwice) {
  const std::vector<float> values = {1};
  const NamedView array{"x", View(DType::kF32, {1}, values)};
  const std::vector<NamedView> arrays = {array, array};
  EXPECT_EQ(EncodeNpz(arrays).status().code(), Code::kInvalidArgument);
}

TEST(WriteNpz, LeavesTheOldFileWhenTheNewOneCannotBeMade) {
  const auto folder = TemporaryDirectory::Create("npz").value();
  const std::string path = folder.path() + "/x.npz";
  ASSERT_TRUE(WriteFileAtomically(path, std::string_view("old")).ok());
  const std::vector<std::uint8_t> nibbles = {1};
  const std::vector<NamedView> arrays = {{"x", View(DType::kU4, {2}, nibbles)}};
  EXPECT_EQ(WriteNpz(path, arrays).code(), Code::kUnimplemented);
  EXPECT_EQ(ReadFile(path).value(), "old");
}

TEST(DecodeNpz, RefusesMoreThanTheLimitBeforeInflating) {
  const std::vector<float> values(1 << 16);
  const std::vector<NamedView> arrays = {{"x", View(DType::kF32, {1 << 16}, values)}};
  const std::string file = EncodeNpz(arrays).value();
  const Status status = DecodeNpz(Bytes(file), {.max_bytes = 1000}).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
  EXPECT_EQ(status.number(), errors::kImportLimit);
  EXPECT_THAT(status.message(), HasSubstr("1000"));
}

TEST(DecodeNpz, RefusesTooManyArrays) {
  const std::vector<float> values = {1};
  const std::vector<NamedView> arrays = {{"x", View(DType::kF32, {1}, values)},
                                         {"y", View(DType::kF32, {1}, values)}};
  EXPECT_EQ(DecodeNpz(Bytes(EncodeNpz(arrays).value()), {.max_arrays = 1}).status().code(),
            Code::kResourceExhausted);
}

TEST(DecodeNpz, RefusesABombAboveTheRatio) {
  const std::vector<std::uint8_t> zeros((64 << 20) + 1);
  const std::vector<NamedView> arrays = {{"x", View(DType::kU8, {(64 << 20) + 1}, zeros)}};
  const Status status = DecodeNpz(Bytes(EncodeNpz(arrays).value()), {.max_ratio = 100}).status();
  EXPECT_EQ(status.code(), Code::kResourceExhausted);
}

TEST(DecodeNpz, RefusesASizeThatNoDeflateStreamReaches) {
  const std::vector<std::uint8_t> zeros(10'000);
  const std::vector<NamedView> arrays = {{"x", View(DType::kU8, {10'000}, zeros)}};
  std::string file = EncodeNpz(arrays).value();
  // The uncompressed size, 24 bytes into the entry of the central directory.
  const std::size_t entry = file.find("PK\x01\x02");
  const std::uint32_t lie = 50 << 20;
  std::memcpy(file.data() + entry + 24, &lie, sizeof lie);
  EXPECT_EQ(DecodeNpz(Bytes(file)).status().code(), Code::kDataLoss);
}

TEST(DecodeNpz, FindsEveryDamagedByteOfTheContent) {
  const std::vector<float> values = {1, 2, 3};
  const std::vector<NamedView> arrays = {{"x", View(DType::kF32, {3}, values)}};
  const std::string file = EncodeNpz(arrays).value();
  const auto before = DecodeNpz(Bytes(file)).value();
  for (std::size_t i = 0; i < file.size(); ++i) {
    std::string damaged = file;
    damaged[i] = static_cast<char>(damaged[i] ^ 0x10);
    const auto after = DecodeNpz(Bytes(damaged));
    if (!after.ok()) continue;  // or it was a byte that says nothing about the array
    for (const NamedTensor& array : *after) {
      EXPECT_EQ(Numbers(array.tensor), Numbers(before[0].tensor)) << "byte " << i;
    }
  }
}

TEST(DecodeNpz, RefusesEveryTruncation) {
  const std::vector<float> values = {1, 2, 3};
  const std::vector<NamedView> arrays = {{"x", View(DType::kF32, {3}, values)}};
  const std::string file = EncodeNpz(arrays).value();
  for (std::size_t size = 0; size < file.size(); ++size) {
    EXPECT_FALSE(DecodeNpz(Bytes(std::string_view(file).substr(0, size))).ok()) << size;
  }
}

struct RefusedHeader {
  std::string_view what;
  std::string_view dict;
  Code code;
  std::string_view says;
};

class RefusedHeaders : public ::testing::TestWithParam<RefusedHeader> {};

TEST_P(RefusedHeaders, AreNamed) {
  const RefusedHeader& row = GetParam();
  const Status status = DecodeNpy(Bytes(Npy(row.dict, "12345678"))).status();
  EXPECT_EQ(status.code(), row.code) << status.ToString();
  EXPECT_THAT(status.message(), HasSubstr(row.says));
}

INSTANTIATE_TEST_SUITE_P(
    DecodeNpy, RefusedHeaders,
    ::testing::Values(
        RefusedHeader{"Objects", "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }",
                      Code::kUnimplemented, "Python objects"},
        RefusedHeader{"ObjectInStructure",
                      "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }",
                      Code::kUnimplemented, "Python objects"},
        RefusedHeader{"Structure",
                      "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,), }",
                      Code::kUnimplemented, "structured"},
        RefusedHeader{"BFloat16", "{'descr': '<V2', 'fortran_order': False, 'shape': (4,), }",
                      Code::kUnimplemented, "bfloat16"},
        RefusedHeader{"LongDouble", "{'descr': '<f16', 'fortran_order': False, 'shape': (), }",
                      Code::kUnimplemented, "long double"},
        RefusedHeader{"Date", "{'descr': '<M8[s]', 'fortran_order': False, 'shape': (1,), }",
                      Code::kUnimplemented, "dates"},
        RefusedHeader{"UnknownType", "{'descr': '<q9', 'fortran_order': False, 'shape': (1,), }",
                      Code::kUnimplemented, "<q9"},
        RefusedHeader{"TooManyDimensions",
                      "{'descr': '|u1', 'fortran_order': False, 'shape': "
                      "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,8), }",
                      Code::kUnimplemented, "dimensions"},
        RefusedHeader{
            "Overflow",
            "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
            Code::kDataLoss, "overflows"},
        RefusedHeader{"HugeWithoutData",
                      "{'descr': '<f8', 'fortran_order': False, 'shape': (1099511627776,), }",
                      Code::kDataLoss, "promises"},
        RefusedHeader{"NegativeDimension",
                      "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", Code::kDataLoss,
                      "dimension"},
        RefusedHeader{"TooManyEmptyStrings",
                      "{'descr': '|S0', 'fortran_order': False, 'shape': (1152921504606846976,), }",
                      Code::kDataLoss, "promises"},
        RefusedHeader{"MissingKey", "{'descr': '<f8', 'shape': (1,), }", Code::kDataLoss,
                      "missing"},
        RefusedHeader{"KeyTwice",
                      "{'descr': '<f8', 'descr': '<f8', 'fortran_order': False, 'shape': (1,), }",
                      Code::kDataLoss, "twice"},
        RefusedHeader{"TextAfter", "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), } x",
                      Code::kDataLoss, "after"},
        RefusedHeader{"Code", "__import__('os').system('id')", Code::kDataLoss, "expected '{'"},
        RefusedHeader{"Unfinished", "{'descr': '<f8", Code::kDataLoss, "without an end"}),
    [](const auto& info) { return std::string(info.param.what); });

TEST(DecodeNpy, BoundsArraysOfEmptyStrings) {
  const std::string file =
      Npy("{'descr': '|S0', 'fortran_order': False, 'shape': (1152921504606846976,), }", "");
  EXPECT_THAT(DecodeNpy(Bytes(file)).status().message(), HasSubstr("no width"));
}

TEST(DecodeNpy, ReadsVersionsTwoAndThree) {
  const std::string_view dict = "{'descr': '<i2', 'fortran_order': False, 'shape': (1,), }";
  const std::string_view data("\x05\x00", 2);
  EXPECT_THAT(Numbers(DecodeNpy(Bytes(Npy(dict, data, 2))).value()), ElementsAre(5));
  EXPECT_THAT(Numbers(DecodeNpy(Bytes(Npy(dict, data, 3))).value()), ElementsAre(5));
  EXPECT_EQ(DecodeNpy(Bytes(Npy(dict, data, 4))).status().code(), Code::kUnimplemented);
}

TEST(DecodeNpy, RefusesAHeaderLargerThanTheFile) {
  std::string file = Npy("{}", "", 2);
  file[11] = '\x7F';
  EXPECT_EQ(DecodeNpy(Bytes(file)).status().code(), Code::kDataLoss);
}

TEST(DecodeNpy, RefusesBytesAfterTheArray) {
  const std::string file = Npy("{'descr': '|u1', 'fortran_order': False, 'shape': (1,), }", "12");
  EXPECT_EQ(DecodeNpy(Bytes(file)).status().code(), Code::kDataLoss);
}

TEST(DecodeNpy, RefusesCodePointsThatDoNotExist) {
  const std::string file = Npy("{'descr': '<U1', 'fortran_order': False, 'shape': (1,), }",
                               std::string_view("\xFF\xFF\xFF\x7F", 4));
  EXPECT_EQ(DecodeNpy(Bytes(file)).status().code(), Code::kDataLoss);
}

TEST(DecodeNpy, MakesBooleansZeroOrOne) {
  const std::string file = Npy("{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }",
                               std::string_view("\x07\x00", 2));
  EXPECT_EQ(DecodeNpy(Bytes(file)).value().bytes()[0], std::byte{1});
}

TEST(DecodeNpy, SwapsTheHalvesOfComplexNumbersSeparately) {
  const std::string file = Npy("{'descr': '>c8', 'fortran_order': False, 'shape': (1,), }",
                               std::string_view("\x3F\x80\x00\x00\x40\x00\x00\x00", 8));
  const auto tensor = DecodeNpy(Bytes(file)).value();
  float parts[2];
  std::memcpy(parts, tensor.bytes().data(), sizeof parts);
  EXPECT_EQ(parts[0], 1.0F);
  EXPECT_EQ(parts[1], 2.0F);
}

TEST(EncodeNpy, PadsTheHeaderTo64Bytes) {
  const std::vector<float> values = {1, 2};
  const std::string file = EncodeNpy(View(DType::kF32, {2}, values)).value();
  EXPECT_EQ((file.size() - 8) % 64, 0U);
  EXPECT_EQ(file.substr(10, 57), "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }");
}

TEST(EncodeNpy, WidensBFloat16Exactly) {
  const std::vector<std::uint16_t> values = {FloatToBFloat16(1.5F), FloatToBFloat16(-2.0F)};
  const auto back = DecodeNpy(Bytes(EncodeNpy(View(DType::kBF16, {2}, values)).value())).value();
  EXPECT_EQ(back.dtype(), DType::kF32);
  EXPECT_THAT(Numbers(back), ElementsAre(1.5, -2));
}

TEST(EncodeNpy, KeepsStringsOfDifferentLengths) {
  const std::vector<std::string_view> words = {"", "tulip", "rose"};
  const auto tensor = TensorBuffer::FromStrings({3}, words).value();
  const auto back = DecodeNpy(Bytes(EncodeNpy(tensor.view()).value())).value();
  EXPECT_THAT(UnpackStrings(back.view()).value(), ElementsAre("", "tulip", "rose"));
}

TEST(EncodeNpy, RefusesAStringThatNumpyWouldShorten) {
  const std::vector<std::string_view> words = {std::string_view("a\0", 2)};
  const auto tensor = TensorBuffer::FromStrings({1}, words).value();
  EXPECT_THAT(EncodeNpy(tensor.view()).status().message(), HasSubstr("element 0"));
}

class EveryNumericType : public ::testing::TestWithParam<DType> {};

TEST_P(EveryNumericType, SurvivesNpy) {
  const std::vector<float> values = {0, 1, 3};
  const auto tensor = ConvertTensor(View(DType::kF32, {3}, values), GetParam()).value();
  const auto back = DecodeNpy(Bytes(EncodeNpy(tensor.view()).value())).value();
  EXPECT_EQ(back.dtype(), GetParam());
  EXPECT_EQ(Numbers(back), Numbers(tensor));
}

INSTANTIATE_TEST_SUITE_P(EncodeNpy, EveryNumericType,
                         ::testing::Values(DType::kBool, DType::kU8, DType::kI8, DType::kU16,
                                           DType::kI16, DType::kU32, DType::kI32, DType::kU64,
                                           DType::kI64, DType::kF16, DType::kF32, DType::kF64),
                         [](const auto& info) { return std::string(ShortName(info.param)); });

}  // namespace
}  // namespace slipway
