#include "net/testing/http2_wire.h"

#include <nghttp2/nghttp2.h>

#include <algorithm>
#include <cstdlib>

#include "base/text.h"

namespace slipway::net {
namespace {

constexpr std::size_t kFrameHead = 9;

std::uint32_t ReadBigEndian(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<unsigned char>(byte);
  return value;
}

/// A string literal without Huffman; its length as an integer with a prefix of seven bits.
std::string Literal(std::string_view text) {
  constexpr std::size_t kPrefix = 127;
  std::string out;
  if (text.size() < kPrefix) {
    out.push_back(static_cast<char>(text.size()));
  } else {
    out.push_back(static_cast<char>(kPrefix));
    std::size_t left = text.size() - kPrefix;
    for (; left >= 128; left /= 128) out.push_back(static_cast<char>(left % 128 + 128));
    out.push_back(static_cast<char>(left));
  }
  return out.append(text);
}

}  // namespace

std::string BigEndian(std::uint32_t value) {
  std::string out;
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
  return out;
}

std::string Frame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                  std::string_view payload) {
  std::string out = BigEndian(static_cast<std::uint32_t>(payload.size())).substr(1);
  out.push_back(static_cast<char>(type));
  out.push_back(static_cast<char>(flags));
  return out.append(BigEndian(stream)).append(payload);
}

std::string FieldBlock(const std::vector<Header>& fields) {
  std::string out;
  for (const auto& [name, value] : fields) {
    out.push_back('\0');  // not indexed, new name
    out.append(Literal(name)).append(Literal(value));
  }
  return out;
}

std::vector<Header> RequestFields(std::string_view method, std::string_view path,
                                  const std::vector<Header>& more) {
  std::vector<Header> fields = {{":method", std::string(method)},
                                {":scheme", "http"},
                                {":authority", "localhost"},
                                {":path", std::string(path)}};
  fields.insert(fields.end(), more.begin(), more.end());
  return fields;
}

std::string GetFrames(std::uint32_t stream, std::string_view path,
                      const std::vector<Header>& more) {
  return Frame(FrameType::kHeaders, kEndHeaders | kEndStream, stream,
               FieldBlock(RequestFields("GET", path, more)));
}

std::string PostFrames(std::uint32_t stream, std::string_view path, std::string_view body,
                       const std::vector<Header>& more) {
  return Frame(FrameType::kHeaders, kEndHeaders, stream,
               FieldBlock(RequestFields("POST", path, more))) +
         Frame(FrameType::kData, kEndStream, stream, body);
}

std::string SettingFrame(std::uint16_t setting, std::uint32_t value) {
  return Frame(FrameType::kSettings, kNoFlags, 0, BigEndian(setting).substr(2) + BigEndian(value));
}

std::string Hello() {
  return std::string(kHttp2Preface) + Frame(FrameType::kSettings, kNoFlags, 0) +
         Frame(FrameType::kSettings, kAck, 0);
}

std::string Http2Transcript::Answer::Find(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

struct Http2Transcript::Inflater {
  Inflater() { nghttp2_hd_inflate_new(&object); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { nghttp2_hd_inflate_del(object); }
  nghttp2_hd_inflater* object = nullptr;
};

Http2Transcript::Http2Transcript() : inflater_(std::make_unique<Inflater>()) {}
Http2Transcript::~Http2Transcript() = default;

void Http2Transcript::Take(std::string_view bytes) {
  buffer_.append(bytes);
  for (;;) {
    const std::string_view input = buffer_;
    if (input.size() < kFrameHead) return;
    const std::size_t size = ReadBigEndian(input.substr(0, 3));
    if (input.size() < kFrameHead + size) return;
    largest_frame = std::max(largest_frame, size);
    TakeFrame(static_cast<FrameType>(input[3]), static_cast<std::uint8_t>(input[4]),
              ReadBigEndian(input.substr(5, 4)), input.substr(kFrameHead, size));
    buffer_.erase(0, kFrameHead + size);
  }
}

void Http2Transcript::TakeFrame(FrameType type, std::uint8_t flags, std::uint32_t stream,
                                std::string_view payload) {
  switch (type) {
    case FrameType::kData:
      ++data_frames;
      answers[stream].body.append(payload);
      answers[stream].ended |= (flags & kEndStream) != 0;
      return;
    case FrameType::kHeaders:
      return TakeHead(flags, stream, payload);
    case FrameType::kRstStream:
      answers[stream].reset = ReadBigEndian(payload);
      return;
    case FrameType::kSettings:
      if ((flags & kAck) != 0) ++settings_answers;
      for (; payload.size() >= 6; payload.remove_prefix(6))
        settings[static_cast<std::uint16_t>(ReadBigEndian(payload.substr(0, 2)))] =
            ReadBigEndian(payload.substr(2, 4));
      return;
    case FrameType::kPing:
      if ((flags & kAck) != 0) {
        ++ping_answers;
      } else {
        pings.emplace_back(payload);
      }
      return;
    case FrameType::kGoaway:
      goaways.push_back({ReadBigEndian(payload.substr(0, 4)), ReadBigEndian(payload.substr(4, 4)),
                         std::string(payload.substr(8))});
      return;
    case FrameType::kWindowUpdate:
      windows[stream] += ReadBigEndian(payload);
      return;
    default:
      std::abort();  // no server sends it here
  }
}

void Http2Transcript::TakeHead(std::uint8_t flags, std::uint32_t stream, std::string_view block) {
  std::vector<Header> fields;
  const auto* in = reinterpret_cast<const std::uint8_t*>(block.data());
  std::size_t left = block.size();
  for (int state = 0; (state & NGHTTP2_HD_INFLATE_FINAL) == 0;) {
    nghttp2_nv field{};
    state = 0;
    const ssize_t taken = nghttp2_hd_inflate_hd2(inflater_->object, &field, &state, in, left, 1);
    if (taken < 0) std::abort();
    in += taken;
    left -= static_cast<std::size_t>(taken);
    if ((state & NGHTTP2_HD_INFLATE_EMIT) != 0) {
      fields.emplace_back(std::string(reinterpret_cast<char*>(field.name), field.namelen),
                          std::string(reinterpret_cast<char*>(field.value), field.valuelen));
    }
  }
  nghttp2_hd_inflate_end_headers(inflater_->object);
  Answer& answer = answers[stream];
  answer.ended |= (flags & kEndStream) != 0;
  if (!answer.status.empty()) {
    answer.trailers = std::move(fields);
    return;
  }
  const std::string status = fields.at(0).second;
  if (status.starts_with('1')) {
    informational.push_back(static_cast<int>(ParseInt64(status).value_or(0)));
    return;
  }
  answer.status = status;
  answer.headers = std::move(fields);
}

}  // namespace slipway::net
