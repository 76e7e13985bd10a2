#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.h"
#include "base/status.h"
#include "tensor/signature.h"

namespace slipway::sandbox {

// What a confined program says, as JSON, and how whoever spawned it reads that: as the words of
// somebody nobody trusts. What is read is bounded, its text free of control characters, its numbers
// in range; whether it is true is another matter.

inline constexpr std::size_t kMaxSpokenTensors = 1000;  ///< inputs, and outputs
inline constexpr std::size_t kMaxSpokenName = 1024;     ///< bytes
inline constexpr std::size_t kMaxSpokenText = 16 << 10;

OrderedJson SpeakTensors(const std::vector<TensorSpec>& specs);
OrderedJson SpeakStatus(const Status& status);

/// Takes fields out of a JSON object; the first that is missing or wrong is remembered, and
/// everything after it is empty.
class SpokenFields {
 public:
  /// `json` outlives this object.
  explicit SpokenFields(const Json& json) : json_(json) {}

  std::string Text(const char* key, std::size_t max_bytes);  ///< printable, in lines
  /// As it stands: a tensor's name must equal the graph's.
  std::string Name(const char* key);
  std::uint64_t Number(const char* key);
  std::vector<std::string> Lines(const char* key, std::size_t max_lines);
  std::vector<std::int64_t> Dims(const char* key);
  const Json& List(const char* key, std::size_t max_entries);

  /// DataLoss, naming the field that was wrong.
  Status status() const;

 private:
  const Json* Find(const char* key, bool (Json::*is_kind)() const noexcept);

  const Json& json_;
  std::string wrong_;
};

/// DataLoss: what SpeakTensors() never writes, or types that cannot be served.
Result<std::vector<TensorSpec>> HearTensors(const Json& list);
/// Sets `heard` to the error that was spoken. DataLoss: what SpeakStatus() never writes; a success
/// is no error.
Status HearStatus(const Json& json, Status& heard);
/// DataLoss: "what the confined process said is broken: ...".
Status BrokenSpeech(std::string_view what);

}  // namespace slipway::sandbox
