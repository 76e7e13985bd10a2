// ONNX's own operator tests, from Debian's libonnx-testdata: each model runs on the engine as the
// file has it, and after a round trip through graph::Model. Nothing may be lost on the way.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include "base/file.h"
#include "base/log.h"
#include "graph/onnx_file.h"
#include "graph/verify.h"
#include "onnx_node/case_value.h"
#include "onnx_node/reference_engine.h"

namespace slipway::onnx_node {
namespace {

namespace fs = std::filesystem;

constexpr const char* kCases = "/usr/share/libonnx-testdata/data/node";
constexpr std::size_t kMustPass = 850;

struct Outcome {
  std::string engine;      ///< why the engine fails on the file itself; empty: it passes
  std::string round_trip;  ///< the same for the model after the round trip
};

Result<std::vector<CaseValue>> ReadSide(const fs::path& folder, std::string_view side,
                                        const graph::Graph& graph,
                                        const std::vector<graph::ValueId>& ids) {
  std::vector<CaseValue> values;
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const fs::path path = folder / fmt::format("{}_{}.pb", side, i);
    if (!fs::exists(path)) break;  // the last inputs may be optional
    SLIPWAY_TRY(CaseValue value, ReadCaseValue(path, graph.value(ids[i]).type));
    values.push_back(std::move(value));
  }
  return values;
}

std::string Judge(const Result<std::vector<CaseValue>>& actual,
                  const std::vector<CaseValue>& expected) {
  if (!actual.ok()) return actual.status().message();
  if (actual->size() != expected.size()) return "another number of outputs";
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const std::string difference = Difference(expected[i], (*actual)[i]);
    if (!difference.empty()) return fmt::format("output {}: {}", i, difference);
  }
  return "";
}

bool AllIdentical(const Result<std::vector<CaseValue>>& a,
                  const Result<std::vector<CaseValue>>& b) {
  return a.ok() && b.ok() && std::ranges::equal(*a, *b, AreIdentical);
}

Result<Outcome> RunCase(const fs::path& folder, ReferenceEngine& engine) {
  const std::string path = folder / "model.onnx";
  SLIPWAY_TRY(const std::string original, ReadFile(path));
  SLIPWAY_TRY(const graph::Model model, graph::ReadModelFile(path));
  SLIPWAY_RETURN_IF_ERROR(graph::ToStatus(graph::Verify(model)));
  SLIPWAY_TRY(const std::string again, graph::EncodeModel(model));
  const fs::path data = folder / "test_data_set_0";
  SLIPWAY_TRY(const auto inputs, ReadSide(data, "input", model.main, model.main.inputs));
  SLIPWAY_TRY(const auto expected, ReadSide(data, "output", model.main, model.main.outputs));
  const auto alone = engine.Run(original, inputs);
  const auto after = engine.Run(again, inputs);
  Outcome outcome{.engine = Judge(alone, expected), .round_trip = Judge(after, expected)};
  const bool has_changed =
      outcome.engine.empty() && outcome.round_trip.empty() && !AllIdentical(alone, after);
  if (has_changed) outcome.round_trip = "other bytes than without the round trip";
  return outcome;
}

class OnnxNode : public ::testing::Test {
 protected:
  void SetUp() override {
    if (fs::exists(kCases)) return;
    ASSERT_EQ(std::getenv("CI"), nullptr) << "libonnx-testdata is missing: tools/bootstrap --test";
    GTEST_SKIP() << "libonnx-testdata is not installed: tools/bootstrap --test";
  }
};

TEST_F(OnnxNode, TheRoundTripLosesNothing) {
  auto engine = ReferenceEngine::Open();
  ASSERT_TRUE(engine.ok()) << engine.status().ToString();
  std::size_t cases = 0;
  std::size_t alone = 0;
  std::size_t passed = 0;
  std::map<std::string, std::string> rest;
  for (const auto& entry : fs::directory_iterator(kCases)) {
    const std::string name = entry.path().filename();
    ++cases;
    const Result<Outcome> outcome = RunCase(entry.path(), **engine);
    if (!outcome.ok()) {
      ADD_FAILURE() << name << ": " << outcome.status().ToString();
      continue;
    }
    alone += outcome->engine.empty() ? 1 : 0;
    passed += outcome->round_trip.empty() ? 1 : 0;
    EXPECT_TRUE(!outcome->engine.empty() || outcome->round_trip.empty())
        << name << ": " << outcome->round_trip;
    if (!outcome->round_trip.empty()) rest.emplace(name, outcome->round_trip);
  }
  std::printf("%zu passed of %zu, the engine alone passes %zu\n", passed, cases, alone);
  for (const auto& [name, reason] : rest)
    std::printf("  %s: %s\n", name.c_str(), Printable(reason, 160).c_str());
  EXPECT_EQ(cases, 932U);
  EXPECT_GE(passed, kMustPass);
}

}  // namespace
}  // namespace slipway::onnx_node
