#include "import/keras/keras_archive.h"

#include <archive.h>
#include <archive_entry.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <functional>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/error_catalogue.h"
#include "base/json.h"
#include "base/text.h"

namespace slipway::import::keras {

namespace {

Status Corrupt(std::string message) {
  return DataLoss(std::move(message)).With(errors::kCorruptModelFile);
}
Status Limit(std::string message) {
  return ResourceExhausted(std::move(message)).With(errors::kImportLimit);
}

struct CloseArchive {
  void operator()(archive* opened) const { archive_read_free(opened); }
};
using Archive = std::unique_ptr<archive, CloseArchive>;

/// Positions at the first member; nullptr: not a zip.
Archive OpenZip(std::span<const std::byte> bytes) {
  Archive opened(archive_read_new());
  if (opened == nullptr || archive_read_support_format_zip_seekable(opened.get()) != ARCHIVE_OK ||
      archive_read_open_memory(opened.get(), bytes.data(), bytes.size()) != ARCHIVE_OK) {
    return nullptr;
  }
  return opened;
}

class Members {
 public:
  Members(std::span<const std::byte> bytes, std::shared_ptr<const void> keeper,
          const ArchiveLimits& limits)
      : bytes_(bytes),
        keeper_(std::move(keeper)),
        allowed_(limits.free_inflated_bytes + limits.max_inflation * bytes.size()),
        max_members_(limits.max_members) {}

  Result<KerasArchive> ReadAll();

 private:
  Status Take(archive* opened, archive_entry* entry, std::string_view name);
  Result<graph::Bytes> Read(archive* opened, archive_entry* entry, std::string_view name);
  Status CheckInflated(std::uint64_t more, std::string_view name) const;
  bool Borrowable(const void* block, std::size_t size) const {
    const auto* first = static_cast<const std::byte*>(block);
    return std::greater_equal<>()(first, bytes_.data()) &&
           std::less_equal<>()(first + size, bytes_.data() + bytes_.size());
  }

  std::span<const std::byte> bytes_;
  std::shared_ptr<const void> keeper_;
  std::uint64_t allowed_;
  std::size_t max_members_;
  std::uint64_t inflated_ = 0;
  std::set<std::string, std::less<>> seen_;
  KerasArchive found_;
};

Status Members::CheckInflated(std::uint64_t more, std::string_view name) const {
  if (more <= allowed_ && inflated_ + more <= allowed_) return {};
  return Limit(fmt::format("member {} unpacks to {} or more, where an archive of {} may reach {}",
                           JsonQuoted(name.substr(0, 64)), HumanBytes(inflated_ + more),
                           HumanBytes(bytes_.size()), HumanBytes(allowed_)));
}

Result<graph::Bytes> Members::Read(archive* opened, archive_entry* entry, std::string_view name) {
  const auto declared =
      static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry)));
  SLIPWAY_RETURN_IF_ERROR(CheckInflated(declared, name));
  graph::Bytes borrowed;
  std::string text;
  for (;;) {
    const void* block = nullptr;
    std::size_t size = 0;
    la_int64_t offset = 0;
    const int code = archive_read_data_block(opened, &block, &size, &offset);
    if (code == ARCHIVE_EOF) break;
    if (code != ARCHIVE_OK || (size > 0 && borrowed.size() > 0)) {
      return Corrupt(fmt::format("member {} is damaged", JsonQuoted(name.substr(0, 64))));
    }
    if (size == 0) continue;  // the checksum was read
    if (text.empty() && size == declared && Borrowable(block, size)) {
      // Stored unpacked: the archive's own bytes serve.
      borrowed = graph::Bytes({static_cast<const std::byte*>(block), size}, keeper_);
      continue;
    }
    SLIPWAY_RETURN_IF_ERROR(CheckInflated(text.size() + size, name));
    text.append(static_cast<const char*>(block), size);
  }
  if (borrowed.size() > 0) return borrowed;
  inflated_ += text.size();
  return graph::Bytes(std::move(text));
}

std::string ToText(const graph::Bytes& bytes) {
  return {reinterpret_cast<const char*>(bytes.view().data()), bytes.size()};
}

Status Members::Take(archive* opened, archive_entry* entry, std::string_view name) {
  if (archive_entry_is_encrypted(entry) == 1) return Corrupt("the archive is encrypted");
  if (!seen_.emplace(name).second) {
    return Corrupt(fmt::format("two members of the name {}", JsonQuoted(name.substr(0, 64))));
  }
  if (seen_.size() > max_members_) return Limit(fmt::format("more than {} members", max_members_));
  if (name == "config.json") {
    SLIPWAY_TRY(const graph::Bytes config, Read(opened, entry, name));
    found_.config = ToText(config);
  } else if (name == "metadata.json") {
    SLIPWAY_TRY(const graph::Bytes metadata, Read(opened, entry, name));
    found_.metadata = ToText(metadata);
  } else if (name == "model.weights.h5") {
    SLIPWAY_TRY(found_.weights, Read(opened, entry, name));
  } else {
    // Assets are not read, but an archive that claims absurd sizes is not trusted in any part.
    return CheckInflated(
        static_cast<std::uint64_t>(std::max<la_int64_t>(0, archive_entry_size(entry))), name);
  }
  return {};
}

Result<KerasArchive> Members::ReadAll() {
  const Archive opened = OpenZip(bytes_);
  if (opened == nullptr) return Corrupt("the zip structure is damaged or cut short");
  for (;;) {
    archive_entry* entry = nullptr;
    const int code = archive_read_next_header(opened.get(), &entry);
    if (code == ARCHIVE_EOF) break;
    const char* name = code == ARCHIVE_OK ? archive_entry_pathname(entry) : nullptr;
    if (name == nullptr) return Corrupt("the zip structure is damaged or cut short");
    SLIPWAY_RETURN_IF_ERROR(Take(opened.get(), entry, std::string(name)));
  }
  if (found_.config.empty()) {
    return Corrupt("the archive has no config.json")
        .Hint("a weights-only file has no architecture: save the model with model.save()");
  }
  if (seen_.contains("model.weights.npz") && found_.weights.size() == 0) {
    return Unimplemented("the weights are stored as model.weights.npz")
        .With(errors::kUnsupportedLayers)
        .Hint("save the model again with h5py installed, which gives model.weights.h5");
  }
  return std::move(found_);
}

}  // namespace

Result<KerasArchive> ReadKerasArchive(std::span<const std::byte> bytes,
                                      std::shared_ptr<const void> keeper,
                                      const ArchiveLimits& limits) {
  return Members(bytes, std::move(keeper), limits).ReadAll();
}

bool IsZip(std::span<const std::byte> bytes) {
  return bytes.size() >= 4 && std::memcmp(bytes.data(), "PK\x03\x04", 4) == 0;
}

bool IsKerasArchive(std::span<const std::byte> bytes) {
  if (!IsZip(bytes)) return false;
  const Archive opened = OpenZip(bytes);
  archive_entry* entry = nullptr;
  for (int i = 0; opened != nullptr && i < 100; ++i) {
    if (archive_read_next_header(opened.get(), &entry) != ARCHIVE_OK) return false;
    const char* name = archive_entry_pathname(entry);
    if (name == nullptr) return false;
    const std::string_view member = name;
    if (member == "config.json" || member == "model.weights.h5") return true;
  }
  return false;
}

}  // namespace slipway::import::keras
