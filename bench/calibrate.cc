// A fixed amount of arithmetic: how fast is this core now? Prints the nanoseconds it took.
//
// bench/run runs it before and after a measurement; when both differ, the machine was not quiet.

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdio>

namespace {

constexpr int kRounds = 4'000'000;

float MultiplyAndAdd() {
  std::array<float, 16> lanes;
  for (std::size_t i = 0; i < lanes.size(); ++i) lanes[i] = static_cast<float>(i);
  for (int round = 0; round < kRounds; ++round) {
    for (float& lane : lanes) lane = lane * 0.999F + 0.5F;
  }
  float sum = 0;
  for (const float lane : lanes) sum += lane;
  return sum;
}

}  // namespace

int main() {
  const auto start = std::chrono::steady_clock::now();
  const float sum = MultiplyAndAdd();
  const auto elapsed = std::chrono::steady_clock::now() - start;
  // The sum is used, so that the loop is not left out.
  std::printf("%lld\n", sum > 0 ? static_cast<long long>(elapsed.count()) : -1LL);
}
