#pragma once

#include <boost/container/small_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "base/status.h"

namespace slipway::serve {

/// Reads one JSON document of a request, once, front to back, without building it: the caller says
/// what comes next. Strict: RFC 8259, UTF-8, no duplicate keys, no byte order mark, nesting and
/// keys bounded. Every error is InvalidArgument (kRequestNotJson with the byte, or
/// kRequestFieldInvalid) and its place is the JSON pointer of the value being read.
///
/// A copy reads on from the same place, independently. Not thread-safe.
class JsonReader {
 public:
  static constexpr std::size_t kMaxDepth = 64;
  static constexpr std::size_t kMaxKeys = 10'000;  ///< of one object
  static constexpr std::size_t kPadding = 48;      ///< readable bytes that must follow the text

  enum class Kind : std::uint8_t { kObject, kArray, kString, kNumber, kBool, kNull, kEnd, kOther };

  /// `text` is followed by kPadding readable bytes of any value. Strings with escapes are decoded
  /// into `arena`; both outlive what is read.
  JsonReader(std::string_view text, std::list<std::string>& arena);

  /// What the next value is, judged by its first byte.
  Kind Peek();

  Status EnterObject();
  /// The next key, with its value up next; nullopt after the last, and the object is left.
  Result<std::optional<std::string_view>> NextKey();
  Status EnterArray();
  /// True with an element up next; false after the last, and the array is left.
  Result<bool> NextElement();

  Result<std::string_view> ReadString();
  Result<bool> ReadBool();
  Result<std::int64_t> ReadInt64();
  Result<std::uint64_t> ReadUint64();
  Result<double> ReadDouble();
  enum class Words : std::uint8_t { kStrict, kNonFinite };
  /// Any value, checked and dropped; with kNonFinite the bare words NaN, Infinity and -Infinity,
  /// too.
  Status Skip(Words words = Words::kStrict);
  /// Nothing but white space may follow.
  Status Finish();

  /// For a parser of arrays that goes over the text itself: where the next byte is, where the text
  /// ends, and "I have read up to here". Precondition of Advance(): cursor() <= to <= end().
  const char* cursor() const { return at_; }
  const char* end() const { return end_; }
  void Advance(const char* to) { at_ = to; }
  std::size_t depth() const { return frames_.size(); }

  /// "/inputs/0/shape": the value that is being read; with `depth`, the outer one at that depth.
  std::string Pointer(std::size_t depth = kMaxDepth) const;
  /// kRequestFieldInvalid at Pointer() + `below`.
  Status Invalid(std::string message, std::string_view below = {}) const;
  /// kRequestNotJson with the byte that is next.
  Status NotJson(std::string_view expected) const;
  /// kRequestFieldInvalid: "expected an array, got a string".
  Status Unexpected(std::string_view expected);

 private:
  struct Frame {
    std::string_view key;
    std::size_t index = 0;
    std::size_t first_key = 0;  ///< place in keys_
    bool is_object = false;
    bool is_fresh = true;        ///< nothing read yet
    bool has_many_keys = false;  ///< they are in the last set of many_keys_ too
  };

  void SkipSpace();
  Status Enter(char bracket, std::string_view what);
  void Leave();
  Result<bool> NextItem(char bracket);
  Status NoteKey(std::string_view key);
  Result<std::string_view> ReadQuoted();
  Result<std::string_view> Unescape(std::string_view raw);
  Status ReadWord(std::string_view word);
  Status SkipNumber(Words words);

  const char* begin_;
  const char* at_;
  const char* end_;
  std::list<std::string>* arena_;
  // Without heap memory for what requests look like.
  boost::container::small_vector<Frame, 8> frames_;            ///< entered and not left
  boost::container::small_vector<std::string_view, 24> keys_;  ///< of all frames, innermost last
  std::vector<std::unordered_set<std::string_view>> many_keys_;
};

}  // namespace slipway::serve
