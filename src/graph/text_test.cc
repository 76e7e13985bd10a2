#include "graph/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/onnx_file.h"
#include "graph/verify.h"

namespace slipway::graph {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kModel = R"(ir_version 8
opset "" 17
opset "my.ops" 1
producer "tool" "1.2"
metadata "author" "me"
graph "network" (%x: f32[batch,4]) -> (%y: f32["a b",?], %z: string[]) {
  const %w: f32[4] = {1, 0.5, -inf, 1e+20}
  const %half: f16[2] = {hex "003c0000"}
  const %words: string[2] = {"a", "\x00\"b"}
  const %none: i64[0] = {}
  value %h: f32[batch,4]
  %h = Add(%x, %w) "first"
  _, %"odd name" = "my.ops".Split(%h, _) {axis: -1, alpha: 0.5f, mode: "linear"}
  %y = If(%"odd name") {pads: ints[1, 2], scales: floats[], to: type f32[2], t: tensor %"": u8[1] = {7}, body: graph "b" () -> (%q) {
    %q = Identity(%h)
  }}
  %z = Constant() {ref: strings["a", ""]}
}
function "my.ops" "Split" [alpha]
opset "" 17
graph "" (%a) -> (%b) {
  %b = Scale(%a) {by: @alpha 1}
}
)";

TEST(Text, WhatIsReadIsPrintedTheSame) {
  const Result<Model> model = ParseText(kModel);
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  EXPECT_EQ(PrintText(*model), kModel);
}

TEST(Text, StatesAModelThatONNXReads) {
  const Result<Model> model = ParseText(R"(
    ir_version 8  opset "" 17   # white space is free
    graph "sum" (%x: f32[2]) -> (%y: f32[2]) {
      const %w: f32[2] = {1, 2}
      %y = Add(%x, %w)
    })");
  ASSERT_TRUE(model.ok()) << model.status().ToString();
  EXPECT_THAT(Verify(*model), IsEmpty());
  const Result<std::string> bytes = EncodeModel(*model);
  ASSERT_TRUE(bytes.ok());
  const Result<Model> back = DecodeModel(std::as_bytes(std::span(*bytes)));
  ASSERT_TRUE(back.ok()) << back.status().ToString();
  EXPECT_EQ(PrintText(*back), PrintText(*model));
}

TEST(Text, LargeConstantsAreLeftOutAndThenNotRead) {
  Model model = *ParseText(R"(graph "g" () -> () { const %w: u8[3] = {1, 2, 3} })");
  const std::string text = PrintText(model, {.max_elements = 2});
  EXPECT_THAT(text, HasSubstr("const %w: u8[3] = {... 3 bytes}"));
  EXPECT_THAT(ParseText(text).status().message(), HasSubstr("left out"));
}

TEST(Text, MistakesAreNamedWithTheirLine) {
  for (const auto& [text, says] : {
           std::pair("ir_version x", "line 1: an integer is expected, not x"),
           std::pair("ir_version 8\ngraph \"g\" (x)", "line 2: %name or _ is expected, not x"),
           std::pair("graph \"g\" () -> () { const %w: u8[2] = {1} }", "as many elements"),
           std::pair("graph \"g\" () -> () { const %w: u8[1] = {300} }", "an element"),
           std::pair("graph \"g\" () -> () { %y = Op() {a: 1x} }", "an integer is expected"),
           std::pair("graph \"g\" () -> () {", "not the end"),
           std::pair("graph \"g", "not an open string"),
       }) {
    EXPECT_THAT(ParseText(text).status().message(), HasSubstr(says)) << text;
  }
}

}  // namespace
}  // namespace slipway::graph
