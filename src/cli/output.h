#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"

namespace slipway::cli {

enum class Format { kTable, kWide, kJson, kName };
Format ParseFormat(std::string_view text);

/// A list that a command prints: one column set for people, one JSON object a row for programs.
struct Listing {
  std::string kind;                  ///< "ModelList"
  std::vector<std::string> columns;  ///< headings
  std::vector<std::vector<std::string>> rows;
  std::vector<OrderedJson> items;    ///< one for each row
  std::vector<std::string> names;    ///< one for each row, for --quiet and --format name
  std::size_t wide_from = SIZE_MAX;  ///< columns from this one appear in `wide` only
};

/// Text for standard output. JSON: {"apiVersion":"slipway/v1","kind":...,"items":[...]}.
std::string Render(const Listing& listing, Format format, bool with_headers);

/// One object: `text` for people, `json` in the same envelope ("item") for programs.
std::string RenderItem(std::string_view kind, const OrderedJson& json, std::string_view text,
                       Format format);

/// Writes to standard output. A closed pipe ends the output in silence (`slipway ls | head`).
Status Print(std::string_view text);

}  // namespace slipway::cli
