#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::graph {

/// A model as text, for people and for tests that state one graph and compare another:
///
///   ir_version 8
///   opset "" 17
///   graph "network" (%x: f32[batch,4]) -> (%y: f32[batch,4]) {
///     const %w: f32[4] = {1, 2, 3, 4}
///     %h = Add(%x, %w) "first"
///     %y = Softmax(%h) {axis: 1}
///   }
///
/// Says operators, names, types, attributes, constants, sub-graphs, functions and metadata. Does
/// not say documentation, sparse constants and fields of newer formats.

struct TextOptions {
  std::size_t max_elements = 16;  ///< larger constants are left out: {... 2048 bytes}
};

std::string PrintText(const Model& model, const TextOptions& options = {});

/// Reads what PrintText() prints, white space and comments (# to the end of the line) free.
/// InvalidArgument with the line: not the grammar, or a constant that was left out.
Result<Model> ParseText(std::string_view text);

}  // namespace slipway::graph
