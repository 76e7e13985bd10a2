#include "graph/onnx_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <tuple>
#include <utility>

#include "base/error_catalogue.h"
#include "base/log.h"
#include "graph/external_file.h"
#include "graph/for_each_tensor.h"
#include "graph/onnx_decoder.h"
#include "graph/onnx_encoder.h"
#include "graph/paged_source.h"
#include "graph/tensor_bytes.h"

namespace slipway::graph {

namespace {

namespace fs = std::filesystem;

/// Protobuf's own bound on a message.
constexpr std::uint64_t kMaxMessage = (std::uint64_t{1} << 31) - 1;
/// What goes beside a model that is too large for one file.
constexpr std::uint64_t kDefaultThreshold = 1024;

Status CheckKind(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  if (text.empty()) return CorruptModel("the file is empty");
  if (text.starts_with("\x1f\x8b"))
    return CorruptModel("the file is compressed with gzip").Hint("unpack it first: gunzip FILE");
  if (text.starts_with("ir_version") || text.starts_with("<")) {
    return CorruptModel("this is an ONNX model in text form")
        .Hint("save it in binary form: onnx.save(model, \"model.onnx\")");
  }
  if (bytes.size() > kMaxMessage)
    return ImportLimit("an ONNX file cannot be larger than 2 GiB: its weights must lie beside it");
  return {};
}

struct Range {
  std::string_view location;
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
  auto operator<=>(const Range&) const = default;
};

/// Tensors may share the same bytes, but not parts of them: that would be another file's layout.
Status CheckOverlaps(const Model& model) {
  std::vector<Range> ranges;
  SLIPWAY_RETURN_IF_ERROR(ForEachTensor(model, [&](const Tensor& tensor) -> Status {
    const auto size = PackedSize(tensor.dtype, tensor.dims);
    if (!tensor.external || !size || *size == 0) return {};
    const ExternalData& place = *tensor.external;
    ranges.push_back({place.location, place.offset, place.offset + *size});
    return {};
  }));
  std::ranges::sort(ranges);
  for (std::size_t i = 1; i < ranges.size(); ++i) {
    const Range& before = ranges[i - 1];
    const Range& here = ranges[i];
    if (here == before || here.location != before.location || here.begin >= before.end) continue;
    return CorruptModel(fmt::format("constants overlap at byte {} of their file", here.begin))
        .At(Printable(here.location));
  }
  return {};
}

Result<Model> Decode(std::span<const std::byte> bytes, const ReadLimits& limits,
                     std::shared_ptr<const void> keeper) {
  SLIPWAY_RETURN_IF_ERROR(CheckKind(bytes));
  OnnxDecoder decoder(limits, std::move(keeper));
  SLIPWAY_TRY(Model model, decoder.DecodeModel(bytes));
  SLIPWAY_RETURN_IF_ERROR(CheckOverlaps(model));
  return model;
}

Status Attach(Tensor& tensor, const std::shared_ptr<const MappedFile>& file) {
  const auto size = PackedSize(tensor.dtype, tensor.dims);
  if (!size) return CorruptModel("its dimensions are negative or too large");
  SLIPWAY_TRY(const std::span<const std::byte> bytes, PartOf(*file, *tensor.external, *size));
  tensor.data = Bytes(bytes, file);
  tensor.external.reset();
  return {};
}

std::string PlaceOf(const Tensor& tensor) {
  return fmt::format("constant \"{}\"", Printable(tensor.name));
}

Status WritePieces(const WireWriter& message, PagedSource source, AtomicFile& file) {
  for (const WireWriter::Piece& piece : message.pieces()) {
    SLIPWAY_RETURN_IF_ERROR(file.Write(std::string_view(piece.text)));
    SLIPWAY_RETURN_IF_ERROR(source.ForEachPart(
        piece.borrowed, [&](std::span<const std::byte> part) { return file.Write(part); }));
  }
  return {};
}

Status WriteWhole(const WireWriter& message, const std::string& path, const WriteOptions& options) {
  SLIPWAY_TRY(AtomicFile file, AtomicFile::Create(path));
  SLIPWAY_RETURN_IF_ERROR(WritePieces(message, PagedSource(options.source), file));
  return file.Commit();
}

Status WriteSplit(const Model& model, const std::string& path, const WriteOptions& options) {
  const std::string data_path = path + ".data";
  SLIPWAY_TRY(AtomicFile data, AtomicFile::Create(data_path));
  const auto sink = MakeFileSink(data.descriptor(), fs::path(data_path).filename(), options.source);
  const std::uint64_t threshold =
      options.external_threshold != 0 ? options.external_threshold : kDefaultThreshold;
  SLIPWAY_TRY(const WireWriter message,
              EncodeMessage(model, {.sink = sink.get(), .threshold = threshold}));
  if (message.size() > kMaxMessage)
    return ImportLimit("the model's structure alone is larger than 2 GiB");
  SLIPWAY_TRY(AtomicFile file, AtomicFile::Create(path));
  SLIPWAY_RETURN_IF_ERROR(WritePieces(message, PagedSource(options.source), file));
  // The data first: a model never names a file that is not there.
  SLIPWAY_RETURN_IF_ERROR(data.Commit());
  return file.Commit();
}

}  // namespace

Result<Model> DecodeModel(std::span<const std::byte> bytes, const ReadLimits& limits) {
  return Decode(bytes, limits, nullptr);
}

Result<Model> DecodeMappedModel(const std::shared_ptr<const MappedFile>& file,
                                const ReadLimits& limits) {
  return Decode(file->bytes(), limits, file);
}

Result<Model> ReadModelFile(const std::string& path, const ReadLimits& limits) {
  SLIPWAY_TRY(const FileDescriptor opened, OpenRegularFile(path));
  SLIPWAY_TRY(MappedFile mapped, MappedFile::Map(opened.get()));
  const auto file = std::make_shared<const MappedFile>(std::move(mapped));
  const std::uint64_t size = file->bytes().size();
  if (size > limits.max_model_bytes) return ImportLimit("the file is larger than a model may be");
  SLIPWAY_TRY(Model model, DecodeMappedModel(file, limits));
  const fs::path folder = fs::path(path).parent_path();
  SLIPWAY_TRY(ExternalFiles files,
              ExternalFiles::In(folder.empty() ? "." : folder.string(), limits.max_external_files,
                                limits.max_model_bytes - size));
  SLIPWAY_RETURN_IF_ERROR(ForEachTensor(model, [&](Tensor& tensor) -> Status {
    if (!tensor.external) return {};
    const std::string location = tensor.external->location;
    Result<std::shared_ptr<const MappedFile>> data = files.Open(location);
    Status status = data.ok() ? Attach(tensor, *data) : std::move(data).status();
    return std::move(status).At(PlaceOf(tensor)).At(Printable(location));
  }));
  return model;
}

Status AttachExternalData(Model& model, std::shared_ptr<const MappedFile> weights) {
  return ForEachTensor(model, [&](Tensor& tensor) -> Status {
    return tensor.external ? Attach(tensor, weights).At(PlaceOf(tensor)) : Status();
  });
}

Result<std::string> EncodeModel(const Model& model) {
  SLIPWAY_TRY(const WireWriter message, EncodeMessage(model, {}));
  if (message.size() > kMaxMessage)
    return ImportLimit("the model is larger than 2 GiB: its weights must lie beside it");
  return message.Joined();
}

Status WriteModelFile(const Model& model, const std::string& path, const WriteOptions& options) {
  if (options.external_threshold != 0) return WriteSplit(model, path, options);
  {
    SLIPWAY_TRY(const WireWriter message, EncodeMessage(model, {}));
    if (message.size() <= kMaxMessage) return WriteWhole(message, path, options);
  }
  return WriteSplit(model, path, options);
}

Result<std::string> EncodeWithWeights(const Model& model, const std::string& location,
                                      std::uint64_t threshold, int weights_descriptor) {
  const auto sink = MakeFileSink(weights_descriptor, location);
  SLIPWAY_TRY(
      const WireWriter message,
      EncodeMessage(model, {.sink = sink.get(), .threshold = threshold, .keep_external = true}));
  if (message.size() > kMaxMessage)
    return ImportLimit("the model's structure alone is larger than 2 GiB");
  return message.Joined();
}

}  // namespace slipway::graph
