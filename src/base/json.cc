#include "base/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <set>
#include <vector>

#include "base/log.h"

namespace slipway {

namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
constexpr auto kReplace = Json::error_handler_t::replace;

/// Notices duplicate keys while nlohmann's parser builds the document.
class DuplicateKeys {
 public:
  bool operator()(int /*depth*/, Json::parse_event_t event, Json& parsed) {
    switch (event) {
      case Json::parse_event_t::object_start:
        keys_.emplace_back();
        break;
      case Json::parse_event_t::object_end:
        keys_.pop_back();
        break;
      case Json::parse_event_t::key:
        Note(parsed.get_ref<const std::string&>());
        break;
      default:
        break;
    }
    return true;
  }

  const Status& status() const { return status_; }

 private:
  void Note(const std::string& key) {
    if (keys_.back().insert(key).second || !status_.ok()) return;
    status_ = InvalidArgument(fmt::format("duplicate key {}", JsonQuoted(Printable(key, 64))));
  }

  std::vector<std::set<std::string>> keys_;  // of every object that is open
  Status status_;
};

/// Nesting is bounded before the parser runs: its own recursion is iterative, the destructor of
/// what it builds is not free.
Status CheckDepth(std::string_view text, std::size_t max_depth) {
  std::size_t depth = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') {
        ++i;
      } else if (c == '"') {
        in_string = false;
      }
    } else if (c == '"') {
      in_string = true;
    } else if (c == '{' || c == '[') {
      if (++depth > max_depth) {
        return InvalidArgument(
            fmt::format("JSON nesting depth exceeds {} at byte {}", max_depth, i));
      }
    } else if ((c == '}' || c == ']') && depth > 0) {
      --depth;
    }
  }
  return {};
}

}  // namespace

Result<Json> ParseJson(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    return InvalidArgument(fmt::format("JSON document of {} bytes exceeds the limit of {} bytes",
                                       text.size(), limits.max_bytes));
  }
  if (text.starts_with(kByteOrderMark)) {
    return InvalidArgument("not valid JSON at byte 0: a byte order mark");
  }
  SLIPWAY_RETURN_IF_ERROR(CheckDepth(text, limits.max_depth));
  DuplicateKeys keys;
  try {
    Json document = Json::parse(text.begin(), text.end(), std::ref(keys));
    if (!keys.status().ok()) return keys.status();
    return document;
  } catch (const Json::parse_error& error) {
    // The library counts from 1.
    return InvalidArgument(
        fmt::format("not valid JSON at byte {}", std::max<std::size_t>(error.byte, 1) - 1));
  } catch (const Json::exception&) {
    return InvalidArgument("not valid JSON: a number is out of range");
  }
}

std::string JsonQuoted(std::string_view text) {
  std::string quoted = "\"";
  quoted.reserve(text.size() + 16);
  for (const char c : text) {
    if (c < ' ' || c > '~') return Json(text).dump(-1, ' ', false, kReplace);
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted += '"';
}
std::string DumpJson(const Json& json, int indent) {
  return json.dump(indent, ' ', false, kReplace);
}
std::string DumpJson(const OrderedJson& json, int indent) {
  return json.dump(indent, ' ', false, OrderedJson::error_handler_t::replace);
}

}  // namespace slipway
