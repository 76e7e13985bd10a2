// What TensorBuilder needs for an image of 224 x 224 x 3 floats as shortest round-trip JSON, flat
// and nested, and as JSON of doubles, against std::from_chars over the same text, which checks no
// grammar and no shape: CPU time of one thread, rounds of all in turn, medians.

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "serve/http/padded_text.h"
#include "serve/http/tensor_builder.h"
#include "serve/http/tensor_text.h"

namespace slipway::serve {
namespace {

constexpr int kRounds = 41;

double ThreadMicroseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) * 1e-3;
}

double MicrosecondsOf(const std::function<bool()>& run) {
  const double start = ThreadMicroseconds();
  if (!run()) std::abort();
  return ThreadMicroseconds() - start;
}

double Median(std::vector<double> values) {
  std::ranges::nth_element(values, values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2));
  return values[values.size() / 2];
}

bool Build(std::string_view text, std::uint64_t elements) {
  std::list<std::string> arena;
  JsonReader reader(text, arena);
  TensorBuilder builder(DType::kF32, {});
  return builder.Reserve(elements, reader).ok() && builder.Append(reader).ok() &&
         reader.Finish().ok() && builder.elements() == elements;
}

bool FromChars(std::string_view text, std::vector<float>& values) {
  const char* at = text.data();
  for (float& value : values) {
    while (*at == '[' || *at == ']' || *at == ',') ++at;
    const auto [after, error] = std::from_chars(at, text.data() + text.size(), value);
    if (error != std::errc()) return false;
    at = after;
  }
  return true;
}

void Compare(std::string_view name, std::string text, std::uint64_t elements) {
  const PaddedText padded(text);
  std::vector<float> values(elements);
  std::vector<double> built;
  std::vector<double> library;
  for (int round = 0; round < kRounds; ++round) {
    built.push_back(MicrosecondsOf([&] { return Build(padded.text(), elements); }));
    library.push_back(MicrosecondsOf([&] { return FromChars(padded.text(), values); }));
  }
  fmt::print("{:<27} {:>5.2f} MB  TensorBuilder {:>6.0f} us  std::from_chars {:>6.0f} us  {:.3f}\n",
             name, static_cast<double>(text.size()) * 1e-6, Median(built), Median(library),
             Median(built) / Median(library));
}

/// Floats of an image, in the text of `Text`s: doubles have all the digits of a double, which is
/// how Python prints any number.
template <class Text>
void CompareImage(std::string_view name, const std::function<float()>& draw) {
  const Shape shape{1, 224, 224, 3};
  const DType dtype = sizeof(Text) == sizeof(float) ? DType::kF32 : DType::kF64;
  TensorBuffer image = TensorBuffer::Allocate(dtype, shape).value();
  for (Text& value : image.As<Text>()) value = draw();
  const auto elements = static_cast<std::uint64_t>(*shape.ElementCount());
  std::string flat;
  TensorText(image.view()).AppendFlat(flat);
  Compare(fmt::format("{}, flat", name), flat, elements);
  std::string nested;
  TensorText(image.view()).AppendNested(nested);
  Compare(fmt::format("{}, nested", name), nested, elements);
}

void Main() {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> bits(0, (1 << 24) - 1);
  const auto from_0_to_1 = [&] { return static_cast<float>(bits(random)) / (1 << 24); };
  std::normal_distribution<float> normal;
  CompareImage<float>("from 0 to 1", from_0_to_1);
  CompareImage<double>("the same, by Python", from_0_to_1);
  CompareImage<float>("normal", [&] { return normal(random); });
  CompareImage<float>("bytes", [&] { return static_cast<float>(bits(random) & 255); });
}

}  // namespace
}  // namespace slipway::serve

int main() { slipway::serve::Main(); }
