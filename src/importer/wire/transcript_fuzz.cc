#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "importer/wire/transcript.h"

/// What a compromised importer may say: decoded or refused, and what is decoded stays within the
/// bytes.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto transcript = slipway::importer::DecodeTranscript(bytes);
  if (transcript.ok() && transcript->answer) {
    const std::string_view structure = transcript->answer->structure;
    if (structure.size() > size || structure.end() > bytes.end()) std::abort();
  }
  return 0;
}
