#include "cli/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/file.h"

namespace slipway::cli {

namespace {

constexpr std::string_view kApiVersion = "slipway/v1";

/// Columns on a terminal: UTF-8 continuation bytes take none.
std::size_t DisplayWidth(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

std::string RenderTable(const Listing& listing, bool wide, bool with_headers) {
  const std::size_t columns =
      wide ? listing.columns.size() : std::min(listing.columns.size(), listing.wide_from);
  std::vector<std::size_t> widths(columns);
  const auto measure = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < columns; ++i) widths[i] = std::max(widths[i], DisplayWidth(row[i]));
  };
  if (with_headers) measure(listing.columns);
  for (const auto& row : listing.rows) measure(row);
  std::string text;
  const auto print = [&](const std::vector<std::string>& row) {
    for (std::size_t i = 0; i < columns; ++i) {
      text += row[i];
      if (i + 1 < columns) text.append(widths[i] - DisplayWidth(row[i]) + 2, ' ');
    }
    text += '\n';
  };
  if (with_headers) print(listing.columns);
  for (const auto& row : listing.rows) print(row);
  return text;
}

}  // namespace

Format ParseFormat(std::string_view text) {
  if (text == "json") return Format::kJson;
  if (text == "wide") return Format::kWide;
  if (text == "name") return Format::kName;
  return Format::kTable;
}

std::string Render(const Listing& listing, Format format, bool with_headers) {
  switch (format) {
    case Format::kJson: {
      OrderedJson envelope;
      envelope["apiVersion"] = kApiVersion;
      envelope["kind"] = listing.kind;
      envelope["items"] = listing.items;
      return DumpJson(envelope, 2) + "\n";
    }
    case Format::kName:
      return listing.names.empty() ? "" : fmt::format("{}\n", fmt::join(listing.names, "\n"));
    case Format::kTable:
    case Format::kWide:
      return RenderTable(listing, format == Format::kWide, with_headers);
  }
  return {};
}

std::string RenderItem(std::string_view kind, const OrderedJson& json, std::string_view text,
                       Format format) {
  if (format != Format::kJson) return std::string(text);
  OrderedJson envelope;
  envelope["apiVersion"] = kApiVersion;
  envelope["kind"] = kind;
  envelope["item"] = json;
  return DumpJson(envelope, 2) + "\n";
}

Status Print(std::string_view text) {
  const Status status = WriteAll(STDOUT_FILENO, std::as_bytes(std::span(text)));
  if (status.code() == Code::kUnavailable) return {};  // EPIPE: the reader has seen enough
  if (!status.ok()) return Status(status).At("standard output");
  return {};
}

}  // namespace slipway::cli
