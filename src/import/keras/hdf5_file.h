#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "graph/graph.h"

namespace slipway::import::keras {

/// A dataset as the file describes it, before its numbers are read.
struct Hdf5Dataset {
  enum class Kind : std::uint8_t { kNumbers, kBFloat16, kOther };

  std::string path;  ///< "model_weights/dense/dense/kernel:0", no leading slash
  std::vector<std::int64_t> dims;
  Kind kind = Kind::kOther;
  /// Where float32 numbers lie in one piece in the file's own bytes; empty: they must be converted.
  std::span<const std::byte> floats;
};

struct Hdf5Limits {
  std::size_t max_objects = 1'000'000;
  std::size_t max_nesting = 100;
  std::uint64_t max_attribute_bytes = std::uint64_t{64} << 20;
  std::uint64_t max_inflation =
      100;  ///< declared bytes of packed datasets against the file's size,
  std::uint64_t free_inflated_bytes = std::uint64_t{64} << 20;  ///< above this many
  std::uint64_t max_chunks = 1'000'000;
};

/// An HDF5 file read out of memory, everything in it checked on opening: external files and links,
/// soft links, virtual datasets, user-defined filters and cycles are PermissionDenied
/// (kForbiddenContent) by name; sizes beyond the file's own are DataLoss (kCorruptModelFile) or
/// ResourceExhausted (kImportLimit) before memory is taken. Thread-compatible; libhdf5 itself
/// allows one thread in the process at a time.
class Hdf5File {
 public:
  /// `keeper` holds `bytes` for as long as anything borrowed from them lives.
  static Result<Hdf5File> Open(std::span<const std::byte> bytes, std::shared_ptr<const void> keeper,
                               const Hdf5Limits& limits = {});
  Hdf5File(Hdf5File&&) noexcept;
  Hdf5File& operator=(Hdf5File&&) noexcept;
  ~Hdf5File();

  /// By path; nullptr: no dataset of that path.
  const Hdf5Dataset* Find(std::string_view path) const;
  bool HasGroup(std::string_view path) const;
  const std::map<std::string, Hdf5Dataset, std::less<>>& datasets() const { return datasets_; }

  /// The text of an attribute of a group ("" is the root), whichever of the string kinds it is and
  /// whether or not it is split into name0, name1, ... nullopt: there is none.
  Result<std::optional<std::string>> TextAttribute(std::string_view group,
                                                   const std::string& name) const;
  /// A list of names. nullopt: there is none; an empty list is stored as numbers of shape (0,).
  Result<std::optional<std::vector<std::string>>> ListAttribute(std::string_view group,
                                                                const std::string& name) const;

  /// The numbers as float32, row-major: borrowed where the file holds them so, else converted
  /// (half, bfloat16, double, integers, packed chunks).
  Result<graph::Bytes> ReadFloats(const Hdf5Dataset& dataset) const;

 private:
  struct Library;
  Hdf5File();
  std::unique_ptr<Library> library_;
  std::shared_ptr<const void> keeper_;
  std::map<std::string, Hdf5Dataset, std::less<>> datasets_;
  std::map<std::string, bool, std::less<>> groups_;
};

/// True if the bytes begin as an HDF5 file does (a user block of 512 bytes and more included).
bool IsHdf5(std::span<const std::byte> bytes);

}  // namespace slipway::import::keras
