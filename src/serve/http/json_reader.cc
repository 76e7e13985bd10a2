#include "serve/http/json_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "base/text.h"
#include "serve/http/decimal.h"
#include "serve/http/json_text.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kFewKeys = 16;     // compared one by one
constexpr std::size_t kShownBytes = 64;  // of a client's text in an error

bool IsSpace(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

std::string_view KindName(JsonReader::Kind kind) {
  switch (kind) {
    case JsonReader::Kind::kObject:
      return "an object";
    case JsonReader::Kind::kArray:
      return "an array";
    case JsonReader::Kind::kString:
      return "a string";
    case JsonReader::Kind::kNumber:
      return "a number";
    case JsonReader::Kind::kBool:
      return "true or false";
    case JsonReader::Kind::kNull:
      return "null";
    case JsonReader::Kind::kEnd:
      return "the end of the document";
    case JsonReader::Kind::kOther:
      break;
  }
  return "something that is not JSON";
}

/// The characters up to the next one that cannot belong to the same word or number.
std::string_view WordAt(const char* at, const char* end) {
  const char* const stop =
      std::find_if(at, end, [](char c) { return IsSpace(c) || c == ',' || c == ']' || c == '}'; });
  return {at, static_cast<std::size_t>(stop - at)};
}

}  // namespace

JsonReader::JsonReader(std::string_view text, std::list<std::string>& arena)
    : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()), arena_(&arena) {}

void JsonReader::SkipSpace() {
  while (at_ < end_ && IsSpace(*at_)) ++at_;
}

JsonReader::Kind JsonReader::Peek() {
  SkipSpace();
  if (at_ >= end_) return Kind::kEnd;
  switch (*at_) {
    case '{':
      return Kind::kObject;
    case '[':
      return Kind::kArray;
    case '"':
      return Kind::kString;
    case 't':
    case 'f':
      return Kind::kBool;
    case 'n':
      return Kind::kNull;
    default:
      return *at_ == '-' || (*at_ >= '0' && *at_ <= '9') ? Kind::kNumber : Kind::kOther;
  }
}

Status JsonReader::Unexpected(std::string_view expected) {
  const Kind kind = Peek();
  if (kind == Kind::kEnd || kind == Kind::kOther) return NotJson(expected);
  return Invalid(fmt::format("expected {}, got {}", expected, KindName(kind)));
}

Status JsonReader::Enter(char bracket, std::string_view what) {
  SkipSpace();
  if (at_ >= end_ || *at_ != bracket) return Unexpected(what);
  if (frames_.size() >= kMaxDepth) {
    return InvalidArgument(fmt::format("JSON nesting depth exceeds {}", kMaxDepth))
        .With(errors::kRequestNotJson)
        .At(Pointer());
  }
  ++at_;
  Frame& frame = frames_.emplace_back();
  frame.first_key = keys_.size();
  frame.is_object = bracket == '{';
  return {};
}

Status JsonReader::EnterObject() { return Enter('{', "an object"); }
Status JsonReader::EnterArray() { return Enter('[', "an array"); }

void JsonReader::Leave() {
  const Frame& frame = frames_.back();
  keys_.resize(frame.first_key);
  if (frame.has_many_keys) many_keys_.pop_back();
  frames_.pop_back();
}

Result<bool> JsonReader::NextItem(char bracket) {
  Frame& frame = frames_.back();
  SkipSpace();
  if (at_ < end_ && *at_ == bracket) {
    ++at_;
    Leave();
    return false;
  }
  if (frame.is_fresh) {
    frame.is_fresh = false;
    return true;
  }
  if (at_ >= end_ || *at_ != ',') {
    return NotJson(bracket == '}' ? "',' or '}' after a member" : "',' or ']' after an element");
  }
  ++at_;
  ++frame.index;
  SkipSpace();
  return true;
}

Result<bool> JsonReader::NextElement() { return NextItem(']'); }

Result<std::optional<std::string_view>> JsonReader::NextKey() {
  SLIPWAY_TRY(const bool has_member, NextItem('}'));
  if (!has_member) return std::optional<std::string_view>();
  if (at_ >= end_ || *at_ != '"') return NotJson("a key in quotes");
  SLIPWAY_TRY(const std::string_view key, ReadQuoted());
  SLIPWAY_RETURN_IF_ERROR(NoteKey(key));
  SkipSpace();
  if (at_ >= end_ || *at_ != ':') return NotJson("':' after a key");
  ++at_;
  return std::optional<std::string_view>(key);
}

Status JsonReader::NoteKey(std::string_view key) {
  Frame& frame = frames_.back();
  frame.key = {};
  const auto few = std::span(keys_).subspan(frame.first_key);
  bool is_new = true;
  if (few.size() < kFewKeys) {
    is_new = std::ranges::find(few, key) == few.end();
    keys_.push_back(key);
  } else {
    if (!std::exchange(frame.has_many_keys, true)) many_keys_.emplace_back(few.begin(), few.end());
    is_new = many_keys_.back().insert(key).second;
  }
  if (!is_new) {
    return InvalidArgument(fmt::format("duplicate key \"{}\"", Printable(key, kShownBytes)))
        .With(errors::kRequestNotJson)
        .At(Pointer());
  }
  if (frame.has_many_keys && many_keys_.back().size() > kMaxKeys)
    return Invalid(fmt::format("an object has more than {} keys", kMaxKeys));
  frame.key = key;
  return {};
}

Result<std::string_view> JsonReader::ReadString() {
  if (Peek() != Kind::kString) return Unexpected("a string");
  return ReadQuoted();
}

Result<std::string_view> JsonReader::ReadQuoted() {
  const char* const first = ++at_;
  bool has_escape = false;
  unsigned char all_bits = 0;
  while (true) {
    if (at_ >= end_) return NotJson("the end of a string");
    const auto c = static_cast<unsigned char>(*at_);
    if (c == '"') break;
    if (c < 0x20) return NotJson("no control character in a string");
    if (c == '\\') {
      has_escape = true;
      if (++at_ >= end_) return NotJson("the end of a string");
    }
    all_bits |= c;
    ++at_;
  }
  const std::string_view raw(first, static_cast<std::size_t>(at_ - first));
  if ((all_bits & 0x80) != 0 && !IsUtf8(raw)) return NotJson("UTF-8 in a string");
  if (has_escape) {
    SLIPWAY_TRY(const std::string_view text, Unescape(raw));
    ++at_;
    return text;
  }
  ++at_;
  return raw;
}

Result<std::string_view> JsonReader::Unescape(std::string_view raw) {
  std::optional<std::string> text = UnescapeJson(raw);
  if (!text.has_value()) return NotJson("a known escape in the string that ends here");
  return std::string_view(arena_->emplace_back(std::move(*text)));
}

Status JsonReader::ReadWord(std::string_view word) {
  if (WordAt(at_, end_) != word) return NotJson("true, false or null");
  at_ += word.size();
  return {};
}

Result<bool> JsonReader::ReadBool() {
  if (Peek() != Kind::kBool) return Unexpected("true or false");
  const bool value = *at_ == 't';
  SLIPWAY_RETURN_IF_ERROR(ReadWord(value ? "true" : "false"));
  return value;
}

Result<std::int64_t> JsonReader::ReadInt64() {
  if (Peek() != Kind::kNumber) return Unexpected("an integer");
  std::int64_t value = 0;
  const std::string_view word = WordAt(at_, end_);
  if (ReadInteger(at_, end_, value) != word.data() + word.size()) {
    return Invalid(fmt::format("\"{}\" is not a 64-bit integer", Printable(word, kShownBytes)));
  }
  at_ += word.size();
  return value;
}

Result<std::uint64_t> JsonReader::ReadUint64() {
  if (Peek() != Kind::kNumber) return Unexpected("an integer that is not negative");
  std::uint64_t value = 0;
  const std::string_view word = WordAt(at_, end_);
  if (ReadInteger(at_, end_, value) != word.data() + word.size()) {
    return Invalid(
        fmt::format("\"{}\" is not an integer from 0 to 2^64 - 1", Printable(word, kShownBytes)));
  }
  at_ += word.size();
  return value;
}

Result<double> JsonReader::ReadDouble() {
  if (Peek() != Kind::kNumber) return Unexpected("a number");
  double value = 0;
  const std::string_view word = WordAt(at_, end_);
  if (ReadDecimal(at_, end_, value) != word.data() + word.size()) {
    return Invalid(
        fmt::format("\"{}\" is not a number of JSON in range", Printable(word, kShownBytes)));
  }
  at_ += word.size();
  return value;
}

Status JsonReader::SkipNumber(Words words) {
  const std::string_view word = WordAt(at_, end_);
  if (words == Words::kNonFinite && (word == "NaN" || word == "Infinity" || word == "-Infinity")) {
    at_ += word.size();
    return {};
  }
  const char* const after = EndOfNumber(at_, end_);
  if (after == nullptr) {
    return InvalidArgument(
               fmt::format("\"{}\" is not a number of JSON", Printable(word, kShownBytes)))
        .With(errors::kRequestNotJson)
        .At(Pointer());
  }
  at_ = after;
  return {};
}

Status JsonReader::Skip(Words words) {
  switch (Peek()) {
    case Kind::kObject: {
      SLIPWAY_RETURN_IF_ERROR(EnterObject());
      while (true) {
        SLIPWAY_TRY(const std::optional<std::string_view> key, NextKey());
        if (!key.has_value()) return {};
        SLIPWAY_RETURN_IF_ERROR(Skip(words));
      }
    }
    case Kind::kArray: {
      SLIPWAY_RETURN_IF_ERROR(EnterArray());
      while (true) {
        SLIPWAY_TRY(const bool has_element, NextElement());
        if (!has_element) return {};
        SLIPWAY_RETURN_IF_ERROR(Skip(words));
      }
    }
    case Kind::kString:
      return ReadString().status();
    case Kind::kNumber:
      return SkipNumber(words);
    case Kind::kBool:
      return ReadBool().status();
    case Kind::kNull:
      return ReadWord("null");
    default:
      return words == Words::kNonFinite && at_ < end_ ? SkipNumber(words) : NotJson("a value");
  }
}

Status JsonReader::Finish() {
  SkipSpace();
  if (at_ < end_) return NotJson("nothing after the document");
  return {};
}

std::string JsonReader::Pointer(std::size_t depth) const {
  std::string pointer;
  for (const Frame& frame : std::span(frames_).first(std::min(depth, frames_.size()))) {
    if (frame.is_object) {
      if (frame.key.data() == nullptr) break;
      pointer += '/';
      AppendPointerToken(pointer, Printable(frame.key, kShownBytes));
    } else {
      pointer += fmt::format("/{}", frame.index);
    }
  }
  return pointer;
}

Status JsonReader::Invalid(std::string message, std::string_view below) const {
  Status status = InvalidArgument(std::move(message)).With(errors::kRequestFieldInvalid);
  const std::string place = Pointer().append(below);
  return place.empty() ? status : std::move(status).At(place);
}

Status JsonReader::NotJson(std::string_view expected) const {
  const auto byte = std::min(at_, end_) - begin_;
  return InvalidArgument(fmt::format("not valid JSON at byte {}: expected {}", byte, expected))
      .With(errors::kRequestNotJson);
}

}  // namespace slipway::serve
