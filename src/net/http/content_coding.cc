#include "net/http/content_coding.h"

#include <zlib.h>

#include <algorithm>

#include "base/text.h"

namespace slipway::net {
namespace {

constexpr std::size_t kWorthWhenAsked = 256;
constexpr std::size_t kWorthWhenPossible = 16 * 1024;
constexpr int kGzipWindow = 15 + 16;
constexpr int kZlibWindow = 15;
constexpr int kFastLevel = 1;
constexpr int kMemoryLevel = 8;

struct OfferedCoding {
  std::string_view name;
  bool allowed = true;
};

/// "gzip;q=0.5": the name, and whether the weight is more than zero.
OfferedCoding ParseOffer(std::string_view item) {
  const std::size_t semicolon = item.find(';');
  OfferedCoding offer{Trim(item.substr(0, semicolon))};
  if (semicolon == std::string_view::npos) return offer;
  const std::string_view parameter = Trim(item.substr(semicolon + 1));
  if (parameter.starts_with("q=") || parameter.starts_with("Q="))
    offer.allowed = ParseDouble(parameter.substr(2)).value_or(0) > 0;
  return offer;
}

int WindowOf(ContentCoding coding) {
  return coding == ContentCoding::kGzip ? kGzipWindow : kZlibWindow;
}

Bytef* ToZlib(const std::byte* bytes) {
  return const_cast<Bytef*>(reinterpret_cast<const Bytef*>(bytes));
}

/// zlib counts in unsigned int.
uInt Clamp(std::size_t size) {
  return static_cast<uInt>(std::min<std::size_t>(size, std::size_t{1} << 30));
}

}  // namespace

std::string_view CodingName(ContentCoding coding) {
  switch (coding) {
    case ContentCoding::kGzip:
      return "gzip";
    case ContentCoding::kDeflate:
      return "deflate";
    case ContentCoding::kIdentity:
      break;
  }
  return "identity";
}

std::optional<ContentCoding> ParseContentEncoding(std::string_view value) {
  const std::string_view name = Trim(value);
  if (name.empty() || EqualsIgnoreCase(name, "identity")) return ContentCoding::kIdentity;
  if (EqualsIgnoreCase(name, "gzip") || EqualsIgnoreCase(name, "x-gzip"))
    return ContentCoding::kGzip;
  if (EqualsIgnoreCase(name, "deflate")) return ContentCoding::kDeflate;
  return std::nullopt;
}

ContentCoding ChooseCoding(std::string_view accept_encoding, std::size_t bytes, bool is_text) {
  if (bytes < kWorthWhenAsked) return ContentCoding::kIdentity;
  ContentCoding first = ContentCoding::kIdentity;
  std::size_t offers = 0;
  for (const std::string_view item : Split(accept_encoding, ',')) {
    const OfferedCoding offer = ParseOffer(item);
    if (!offer.allowed || offer.name.empty() || EqualsIgnoreCase(offer.name, "identity")) continue;
    ++offers;
    if (first == ContentCoding::kIdentity)
      first = ParseContentEncoding(offer.name).value_or(ContentCoding::kIdentity);
  }
  if (offers <= 1) return first;
  return is_text && bytes >= kWorthWhenPossible ? first : ContentCoding::kIdentity;
}

std::optional<std::string> Compress(ContentCoding coding, std::span<const BodyPart> body) {
  z_stream stream{};
  if (deflateInit2(&stream, kFastLevel, Z_DEFLATED, WindowOf(coding), kMemoryLevel,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return std::nullopt;
  std::size_t total = 0;
  for (const BodyPart& part : body) total += part.bytes.size();
  std::string out(deflateBound(&stream, total) + 64, '\0');
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  const auto room = [&] {
    return Clamp(out.size() -
                 static_cast<std::size_t>(reinterpret_cast<char*>(stream.next_out) - out.data()));
  };
  for (const BodyPart& part : body) {
    std::span<const std::byte> rest = part.bytes;
    while (!rest.empty()) {
      const uInt count = Clamp(rest.size());
      stream.next_in = ToZlib(rest.data());
      stream.avail_in = count;
      stream.avail_out = room();
      deflate(&stream, Z_NO_FLUSH);
      rest = rest.subspan(count - stream.avail_in);
    }
  }
  stream.avail_out = room();
  const bool finished = deflate(&stream, Z_FINISH) == Z_STREAM_END;
  out.resize(static_cast<std::size_t>(reinterpret_cast<char*>(stream.next_out) - out.data()));
  deflateEnd(&stream);
  if (!finished) return std::nullopt;
  return out;
}

struct Inflater::Stream {
  z_stream zlib{};
  bool usable = false;
  ~Stream() {
    if (usable) inflateEnd(&zlib);
  }
};

Inflater::Inflater(ContentCoding coding) : stream_(std::make_unique<Stream>()) {
  stream_->usable = inflateInit2(&stream_->zlib, WindowOf(coding)) == Z_OK;
}
Inflater::~Inflater() = default;
Inflater::Inflater(Inflater&&) noexcept = default;
Inflater& Inflater::operator=(Inflater&&) noexcept = default;

Inflater::Outcome Inflater::Step(std::span<const std::byte>& input, std::span<std::byte>& room) {
  if (!stream_->usable) return Outcome::kCorrupt;
  z_stream& zlib = stream_->zlib;
  const uInt available = Clamp(input.size());
  const uInt space = Clamp(room.size());
  zlib.next_in = ToZlib(input.data());
  zlib.avail_in = available;
  zlib.next_out = ToZlib(room.data());
  zlib.avail_out = space;
  const int result = inflate(&zlib, Z_NO_FLUSH);
  input = input.subspan(available - zlib.avail_in);
  room = room.subspan(space - zlib.avail_out);
  if (result == Z_STREAM_END) return Outcome::kEnd;
  if (result != Z_OK && result != Z_BUF_ERROR) return Outcome::kCorrupt;
  return zlib.avail_out == 0 ? Outcome::kNeedRoom : Outcome::kNeedInput;
}

}  // namespace slipway::net
