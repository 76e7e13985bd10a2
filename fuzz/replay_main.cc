// Replays a corpus folder through a fuzz target, without libFuzzer: every file once, and every
// prefix of the small ones.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "base/file.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

constexpr std::size_t kPrefixesBelow = 512;

void Replay(const std::string& content) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(content.data());
  LLVMFuzzerTestOneInput(data, content.size());
  if (content.size() >= kPrefixesBelow) return;
  for (std::size_t size = 0; size < content.size(); ++size) LLVMFuzzerTestOneInput(data, size);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
    return 2;
  }
  std::error_code error;
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::directory_iterator(argv[1], error))
    files.push_back(entry.path().string());
  if (error || files.empty()) {
    std::fprintf(stderr, "error: no corpus in %s\n", argv[1]);
    return 1;
  }
  std::sort(files.begin(), files.end());
  for (const std::string& file : files) {
    const slipway::Result<std::string> content = slipway::ReadFile(file);
    if (!content.ok()) {
      std::fprintf(stderr, "error: %s\n", content.status().ToString().c_str());
      return 1;
    }
    Replay(*content);
  }
  std::printf("%zu files replayed\n", files.size());
  return 0;
}
