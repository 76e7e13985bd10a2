#include "cli/context.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/error_catalogue.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/onnxruntime/onnxruntime_engine.h"
#include "server/server_options.h"

namespace slipway::cli {

namespace {

constexpr std::size_t kMaxKeyBytes = 4096;

std::string DefaultStoreFolder() {
  if (const char* data = std::getenv("XDG_DATA_HOME"); data != nullptr && *data == '/') {
    return fmt::format("{}/slipway/store", data);
  }
  if (const char* home = std::getenv("HOME"); home != nullptr && *home != '\0') {
    return fmt::format("{}/.local/share/slipway/store", home);
  }
  return "/var/lib/slipway/store";
}

void WriteError(std::string_view text) {
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Context Context::From(const Arguments& arguments, Interruption& interruption) {
  Context context;
  context.interruption_ = &interruption;
  context.format_ = ParseFormat(arguments.Text("--format"));
  context.quiet_ = arguments.Switch("--quiet");
  if (context.quiet_ && context.format_ == Format::kTable) context.format_ = Format::kName;
  context.headers_ = !arguments.Switch("--no-headers");
  context.style_ = DetectTerminalStyle(context.quiet_ ? "none" : arguments.Text("--progress"),
                                       arguments.Text("--color"));
  const std::string store = arguments.Text("--store");
  context.store_folder_ = store.empty() ? DefaultStoreFolder() : store;
  context.host_ = arguments.Text("--host");
  context.api_key_file_ = arguments.Text("--api-key-file");
  context.tls_ = {.ca_file = arguments.Text("--ca"),
                  .certificate_file = arguments.Text("--cert"),
                  .key_file = arguments.Text("--cert-key")};
  return context;
}

Result<registry::Registry*> Context::Registry() {
  if (registry_ == nullptr) {
    SLIPWAY_TRY(registry_, registry::Registry::Open(store_folder_));
  }
  return registry_.get();
}

Result<engine::Engine*> Context::Engine() {
  if (engine_ == nullptr) {
    SLIPWAY_TRY(engine_, engine::OpenOnnxRuntime({}));
  }
  return engine_.get();
}

Result<std::string> Context::AdminKey() const {
  const std::string path = api_key_file_.empty() ? store_folder_ + "/admin.key" : api_key_file_;
  Result<std::string> content = ReadFile(path, kMaxKeyBytes);
  if (!content.ok()) {
    const Status& why = content.status();
    return Status(why.code(), fmt::format("no admin key: {}", why.message()))
        .With(errors::kKeyMissing)
        .Hint(
            "a server writes it at its first start; name it with --api-key-file FILE or use the "
            "server's --store");
  }
  return std::string(Trim(*content));
}

Result<std::string> Context::KeyFor(const std::string& host) const {
  if (!api_key_file_.empty()) return AdminKey();
  if (!server::IsLoopback(host)) return std::string();
  Result<std::string> found = AdminKey();
  const Code code = found.status().code();
  if (code == Code::kNotFound || code == Code::kPermissionDenied) return std::string();
  return found;
}

void Context::Say(std::string_view line) const {
  if (!quiet_) WriteError(fmt::format("{}\n", line));
}

void Context::Warn(std::string_view line) const {
  WriteError(style_.color ? fmt::format("\x1b[33mwarning:\x1b[0m {}\n", line)
                          : fmt::format("warning: {}\n", line));
}

Status Context::PrintListing(const Listing& listing) const {
  return Print(Render(listing, format_, headers_));
}

Status Context::PrintItem(std::string_view kind, const OrderedJson& json, std::string_view text,
                          std::string_view name) const {
  if (format_ == Format::kName && !name.empty()) return Print(fmt::format("{}\n", name));
  return Print(RenderItem(kind, json, text, format_));
}

}  // namespace slipway::cli
