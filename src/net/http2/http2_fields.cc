#include "net/http2/http2_fields.h"

#include <array>
#include <charconv>
#include <span>

#include "base/text.h"

namespace slipway::net {
namespace {

using Table = std::array<char, 256>;

/// What each character becomes by `change`.
constexpr Table TableOf(char (*change)(char)) {
  Table table{};
  for (std::size_t byte = 0; byte < table.size(); ++byte)
    table[byte] = change(static_cast<char>(byte));
  return table;
}

constexpr Table kLower =
    TableOf([](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
constexpr Table kAllowed = TableOf([](char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f ? ' ' : c;
});

void Change(std::span<char> text, const Table& table) {
  for (char& c : text) c = table[static_cast<unsigned char>(c)];
}

}  // namespace

void Http2Fields::Clear() {
  text_.clear();
  places_.clear();
}

void Http2Fields::Add(std::string_view name, std::string_view value) {
  const std::string_view trimmed = Trim(value);
  places_.push_back({text_.size(), name.size(), trimmed.size()});
  const std::size_t begin = text_.size();
  text_.append(name).append(trimmed);
  const auto added = std::span(text_).subspan(begin);
  Change(added.first(name.size()), kLower);
  Change(added.subspan(name.size()), kAllowed);
}

void Http2Fields::Add(std::string_view name, std::uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  Add(name, std::string_view(digits, static_cast<std::size_t>(end - digits)));
}

void Http2Fields::Add(std::span<const ResponseHeader> headers) {
  for (const auto& [name, value] : headers) Add(name, value);
}

Http2Fields::Field Http2Fields::operator[](std::size_t index) const {
  const Place& place = places_[index];
  const std::string_view text(text_);
  return {text.substr(place.begin, place.name_size),
          text.substr(place.begin + place.name_size, place.value_size)};
}

}  // namespace slipway::net
