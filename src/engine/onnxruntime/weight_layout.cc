#include "engine/onnxruntime/weight_layout.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "base/text.h"
#include "base/wire_reader.h"
#include "base/wire_writer.h"

namespace slipway::engine {
namespace {

constexpr std::size_t kMaxModel = std::size_t{2} << 30;  // of protobuf
constexpr std::size_t kPiece = std::size_t{1} << 20;
constexpr int kMaxDepth = 256;

/// Which fields of ONNX's messages (onnx.proto) may hold tensors.
enum class Message : std::uint8_t { kModel, kGraph, kNode, kAttribute, kTensor };
struct Nested {
  Message outer;
  std::uint32_t field;
  Message inner;
};
constexpr Nested kNested[] = {
    {Message::kModel, 7, Message::kGraph},        // graph
    {Message::kGraph, 1, Message::kNode},         // node
    {Message::kGraph, 5, Message::kTensor},       // initializer
    {Message::kNode, 5, Message::kAttribute},     // attribute
    {Message::kAttribute, 5, Message::kTensor},   // t
    {Message::kAttribute, 6, Message::kGraph},    // g
    {Message::kAttribute, 10, Message::kTensor},  // tensors
    {Message::kAttribute, 11, Message::kGraph},   // graphs
};
constexpr std::uint32_t kExternalData = 13;  // of a tensor: pairs
constexpr std::uint32_t kKey = 1;            // of a pair
constexpr std::uint32_t kValue = 2;

/// What is done with each run of bytes in the data file.
struct Placing {
  std::string_view location;  ///< the file's name, as the model has it
  /// Where so many bytes at that offset belong.
  std::function<std::uint64_t(std::uint64_t offset, std::uint64_t length)> place;
};

Status Unknown(std::string_view what) {
  return Internal(fmt::format("the engine wrote a compiled model in a way that is not known: {}",
                              Printable(what, 80)));
}

std::string_view TextOf(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

struct Entry {
  std::string_view key;
  std::string value;
};

Result<Entry> ReadEntry(std::span<const std::byte> message) {
  Entry entry;
  WireReader reader(message);
  for (WireField field; reader.Next(field);) {
    if (field.number == kKey) entry.key = field.text();
    if (field.number == kValue) entry.value = field.text();
  }
  if (reader.fault() != WireFault::kNone) return Unknown("external data");
  return entry;
}

/// OFFSET;LENGTH;CHECKSUM
Result<std::string> PlacePacked(std::string_view text, const Placing& placing) {
  const std::vector<std::string_view> fields = Split(text, ';');
  if (fields.size() != 3) return Unknown(text);
  const std::optional<std::uint64_t> offset = ParseUint64(fields[0]);
  const std::optional<std::uint64_t> length = ParseUint64(fields[1]);
  if (!offset || !length) return Unknown(text);
  return fmt::format("{};{};{}", placing.place(*offset, *length), fields[1], fields[2]);
}

/// KEY and each of its buffers, behind bars.
Result<std::string> PlaceAllPacked(std::string_view text, const Placing& placing) {
  const std::vector<std::string_view> parts = Split(text, '|');
  std::string placed(parts.front());
  for (std::size_t i = 1; i < parts.size(); ++i) {
    SLIPWAY_TRY(const std::string buffer, PlacePacked(parts[i], placing));
    placed.append("|").append(buffer);
  }
  return placed;
}

Status PlaceEntries(std::vector<Entry>& entries, const Placing& placing) {
  for (const Entry& entry : entries) {
    if (entry.key == "location" && entry.value != placing.location) return Unknown(entry.value);
  }
  const auto length = std::ranges::find(entries, "length", &Entry::key);
  for (Entry& entry : entries) {
    if (entry.key == "offset") {
      const std::optional<std::uint64_t> from = ParseUint64(entry.value);
      const std::optional<std::uint64_t> bytes =
          length == entries.end() ? std::nullopt : ParseUint64(length->value);
      if (!from || !bytes) return Unknown(entry.value);
      entry.value = fmt::format("{}", placing.place(*from, *bytes));
    } else if (entry.key.starts_with("prepacked_")) {
      SLIPWAY_TRY(entry.value, PlaceAllPacked(entry.value, placing));
    }
  }
  return {};
}

Result<WireWriter> PlaceTensor(std::span<const std::byte> message, const Placing& placing) {
  WireWriter writer;
  std::vector<Entry> entries;
  WireReader reader(message);
  for (WireField field; reader.Next(field);) {
    if (field.number != kExternalData) {
      writer.Serialised(TextOf(field.whole));
      continue;
    }
    SLIPWAY_TRY(Entry entry, ReadEntry(field.bytes));
    entries.push_back(std::move(entry));
  }
  if (reader.fault() != WireFault::kNone) return Unknown("a tensor");
  SLIPWAY_RETURN_IF_ERROR(PlaceEntries(entries, placing));
  for (const Entry& entry : entries) {
    WireWriter pair;
    pair.Text(kKey, entry.key);
    pair.Text(kValue, entry.value);
    writer.Message(kExternalData, pair);
  }
  return writer;
}

/// The message with its tensors where they belong.
Result<WireWriter> PlaceTensors(Message kind, std::span<const std::byte> message,
                                const Placing& placing, int depth) {
  if (depth > kMaxDepth) return Unknown("graphs in graphs");
  if (kind == Message::kTensor) return PlaceTensor(message, placing);
  WireWriter writer;
  WireReader reader(message);
  for (WireField field; reader.Next(field);) {
    const auto* nested = std::ranges::find_if(kNested, [&](const Nested& each) {
      return each.outer == kind && each.field == field.number && field.type == WireType::kBytes;
    });
    if (nested == std::end(kNested)) {
      writer.Serialised(TextOf(field.whole));
      continue;
    }
    SLIPWAY_TRY(WireWriter inner, PlaceTensors(nested->inner, field.bytes, placing, depth + 1));
    writer.Message(field.number, std::move(inner));
  }
  if (reader.fault() != WireFault::kNone) return Unknown("a message");
  return writer;
}

struct Extent {
  std::uint64_t length = 0;
  std::uint64_t to = 0;
};
using Extents = std::map<std::uint64_t, Extent>;  // by the offset where they are

std::uint64_t RoundUp(std::uint64_t value, std::uint64_t to) { return (value + to - 1) / to * to; }

/// Nothing moves down, so that moving from the last to the first overwrites only what has moved.
Status Arrange(Extents& extents, std::uint64_t file_bytes) {
  std::uint64_t next = 0;
  std::uint64_t end = 0;  // of what was before
  for (auto& [offset, extent] : extents) {
    if (offset < end || offset > file_bytes || extent.length > file_bytes - offset)
      return Unknown(fmt::format("{} bytes at {}", extent.length, offset));
    end = offset + extent.length;
    const std::uint64_t unit = extent.length < kPageAlignment ? kWeightAlignment : kPageAlignment;
    extent.to = RoundUp(std::max(next, offset), unit);
    next = extent.to + extent.length;
  }
  return {};
}

Status MovePiece(int file, std::uint64_t from, std::uint64_t to, std::span<std::byte> piece) {
  std::size_t done = 0;
  while (done < piece.size()) {
    const ssize_t count =
        pread(file, piece.data() + done, piece.size() - done, static_cast<off_t>(from + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ErrnoStatus(count < 0 ? errno : EIO, "cannot read compiled weights");
    done += static_cast<std::size_t>(count);
  }
  for (done = 0; done < piece.size();) {
    const ssize_t count =
        pwrite(file, piece.data() + done, piece.size() - done, static_cast<off_t>(to + done));
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return ErrnoStatus(count < 0 ? errno : EIO, "cannot write compiled weights");
    done += static_cast<std::size_t>(count);
  }
  return {};
}

/// To a place that may overlap with where it is, and lies behind it.
Status MoveUp(int file, std::uint64_t from, const Extent& extent, std::span<std::byte> buffer) {
  for (std::uint64_t left = from == extent.to ? 0 : extent.length; left > 0;) {
    const std::uint64_t size = std::min<std::uint64_t>(left, buffer.size());
    left -= size;
    SLIPWAY_RETURN_IF_ERROR(MovePiece(file, from + left, extent.to + left, buffer.first(size)));
  }
  return {};
}

}  // namespace

Status AlignWeights(const std::string& model_path, const std::string& data_path) {
  SLIPWAY_TRY(const std::string model, ReadFile(model_path, kMaxModel));
  const std::span<const std::byte> bytes = std::as_bytes(std::span(model));
  Extents extents;
  const std::string_view location = std::string_view(data_path).substr(data_path.rfind('/') + 1);
  const Placing note{location, [&](std::uint64_t offset, std::uint64_t length) {
                       extents[offset].length = std::max(extents[offset].length, length);
                       return offset;
                     }};
  SLIPWAY_RETURN_IF_ERROR(PlaceTensors(Message::kModel, bytes, note, 0).status());
  if (extents.empty()) return {};
  const FileDescriptor data(open(data_path.c_str(), O_RDWR | O_CLOEXEC));
  if (!data.valid()) return ErrnoStatus(errno, fmt::format("cannot open {}", data_path));
  SLIPWAY_TRY(const std::uint64_t file_bytes, FileSize(data.get()));
  SLIPWAY_RETURN_IF_ERROR(Arrange(extents, file_bytes));
  const Placing arranged{location,
                         [&](std::uint64_t offset, std::uint64_t) { return extents[offset].to; }};
  SLIPWAY_TRY(const WireWriter placed, PlaceTensors(Message::kModel, bytes, arranged, 0));
  std::vector<std::byte> buffer(kPiece);
  for (auto extent = extents.rbegin(); extent != extents.rend(); ++extent)
    SLIPWAY_RETURN_IF_ERROR(MoveUp(data.get(), extent->first, extent->second, buffer));
  return WriteFileAtomically(model_path, placed.Joined());
}

}  // namespace slipway::engine
