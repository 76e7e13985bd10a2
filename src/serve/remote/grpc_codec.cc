#include "serve/remote/grpc_codec.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/log.h"
#include "base/wire_reader.h"
#include "serve/remote/received_tensor.h"

namespace slipway::serve {
namespace {

constexpr std::size_t kPrefixBytes = 5;  // whether it is compressed, and its length, big endian

std::span<const std::byte> Bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

WireWriter InputHead(const InferInput& input) {
  WireWriter head;
  head.Text(1, input.name);
  head.Text(2, OipName(input.tensor.dtype));
  WireWriter dims;
  for (const std::int64_t dim : input.tensor.shape.dims())
    dims.PackedVarint(static_cast<std::uint64_t>(dim));
  if (input.tensor.shape.rank() > 0) head.Message(3, dims);
  return head;
}

/// An InferOutputTensor without its values: views of the message.
struct OutputHead {
  std::string_view name;
  std::string_view datatype;
  std::array<std::int64_t, Shape::kMaxRank> dims{};
  std::size_t rank = 0;

  bool AddDim(std::uint64_t value) {
    if (rank == dims.size()) return false;
    dims[rank++] = std::max<std::int64_t>(-1, static_cast<std::int64_t>(value));
    return true;
  }
  bool AddDims(const WireField& field) {
    if (field.type == WireType::kVarint) return AddDim(field.scalar);
    PackedVarints values(field.bytes);
    for (std::uint64_t value = 0; values.Next(value);) {
      if (!AddDim(value)) return false;
    }
    return !values.broken();
  }
  Result<TensorSpec> Spec() const {
    const auto dtype = DTypeFromOip(datatype);
    if (!dtype) return NotOip(fmt::format("unknown datatype \"{}\"", Printable(datatype, 64)));
    return TensorSpec{.name = std::string(name),
                      .dtype = *dtype,
                      .shape = Shape(std::span(dims).first(rank)),
                      .axis_names = {}};
  }
};

Result<OutputHead> ReadHead(std::span<const std::byte> message) {
  OutputHead head;
  bool fits = true;
  WireReader reader(message);
  for (WireField field; fits && reader.Next(field);) {
    if (field.number == 1) head.name = field.text();
    if (field.number == 2) head.datatype = field.text();
    if (field.number == 3) fits = head.AddDims(field);
  }
  if (fits && reader.fault() == WireFault::kNone) return head;
  return NotOip("an output is no message, or has too many dimensions");
}

/// An output that is wanted: which of the answer's it is, and what it is.
struct Found {
  std::size_t place = 0;
  TensorSpec spec;
};

/// The heads of the wanted outputs; the first of a name counts.
Result<std::vector<std::optional<Found>>> FindHeads(std::string_view message,
                                                    std::span<const std::string_view> wanted) {
  std::vector<std::optional<Found>> found(wanted.size());
  std::size_t place = 0;
  WireReader reader(Bytes(message));
  for (WireField field; reader.Next(field);) {
    if (field.number != 5 || field.type != WireType::kBytes) continue;
    SLIPWAY_TRY(const OutputHead head, ReadHead(field.bytes));
    const auto name = std::ranges::find(wanted, head.name);
    const std::size_t this_place = place++;
    if (name == wanted.end()) continue;
    std::optional<Found>& slot = found[static_cast<std::size_t>(name - wanted.begin())];
    if (slot) continue;
    SLIPWAY_TRY(TensorSpec spec, head.Spec());
    slot = Found{.place = this_place, .spec = std::move(spec)};
  }
  if (reader.fault() != WireFault::kNone) return NotOip("it is no message");
  return found;
}

}  // namespace

WireWriter EncodeModelInfer(const RemoteRequest& request) {
  WireWriter message;
  message.Text(1, request.model);
  if (request.version) message.Text(2, std::to_string(*request.version));
  for (const InferInput& input : request.inputs) message.Message(5, InputHead(input));
  for (const std::string_view name : request.outputs) {
    WireWriter output;
    output.Text(1, name);
    message.Message(6, output);
  }
  for (const InferInput& input : request.inputs) message.Bytes(7, input.tensor.bytes);
  return message;
}

std::string MessagePrefix(std::uint32_t bytes) {
  std::string prefix(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) prefix.push_back(static_cast<char>(bytes >> shift));
  return prefix;
}

Result<std::string_view> OnlyMessage(std::string_view body) {
  if (body.size() < kPrefixBytes) return NotOip("it holds no message");
  const std::string_view message = body.substr(kPrefixBytes);
  std::uint64_t announced = 0;
  for (const char byte : body.substr(1, kPrefixBytes - 1))
    announced = announced << 8 | static_cast<unsigned char>(byte);
  if (body[0] == '\0' && announced == message.size()) return message;
  return NotOip("it is not one message that is not compressed");
}

Result<std::vector<TensorBuffer>> DecodeModelInfer(std::string_view message,
                                                   std::span<const std::string_view> wanted) {
  SLIPWAY_TRY(const std::vector<std::optional<Found>> heads, FindHeads(message, wanted));
  std::vector<std::optional<TensorBuffer>> found(wanted.size());
  std::size_t place = 0;
  WireReader reader(Bytes(message));
  for (WireField field; reader.Next(field);) {
    if (field.number != 6 || field.type != WireType::kBytes) continue;
    const std::size_t this_place = place++;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      if (!heads[i] || heads[i]->place != this_place) continue;
      SLIPWAY_TRY(found[i], ReceivedTensor(heads[i]->spec, field.text()));
    }
  }
  std::vector<TensorBuffer> tensors;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!heads[i]) return NotOip(fmt::format("output \"{}\" is absent", wanted[i]));
    if (!found[i]) return NotOip("the server does not send tensors in raw form");
    tensors.push_back(*std::move(found[i]));
  }
  return tensors;
}

}  // namespace slipway::serve
