#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/interruption.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "net/socket/tls_context.h"
#include "registry/registry.h"

namespace slipway::cli {

/// What every command works with: where the store is, how to print, and the expensive things made
/// on first use. Not thread-safe.
class Context {
 public:
  /// From the global flags. `interruption` outlives this.
  static Context From(const Arguments& arguments, Interruption& interruption);

  Format format() const { return format_; }
  bool quiet() const { return quiet_; }
  const TerminalStyle& style() const { return style_; }

  /// The store's folder: --store, SLIPWAY_STORE, else $XDG_DATA_HOME/slipway/store, else
  /// ~/.local/share/slipway/store.
  const std::string& store_folder() const { return store_folder_; }
  /// Opens it on first use, creating it if needed.
  Result<registry::Registry*> Registry();
  Result<engine::Engine*> Engine();

  /// Base URL of a running server for ps, load, unload: --host, SLIPWAY_HOST, else
  /// http://127.0.0.1:8080.
  const std::string& host() const { return host_; }
  /// The admin key of this user's store or of --api-key-file. kKeyMissing where it cannot be read:
  /// NotFound, PermissionDenied, DataLoss (an I/O error).
  Result<std::string> AdminKey() const;
  /// The key that a server at that host is sent: the admin key where only this machine is reached,
  /// that of --api-key-file anywhere, else none (""). An error where there is one that this user
  /// might read, and it cannot be read.
  Result<std::string> KeyFor(const std::string& host) const;
  /// For servers with https: --ca, --cert, --cert-key.
  const net::TlsClientOptions& tls() const { return tls_; }

  /// A line for people on standard error, not in --quiet.
  void Say(std::string_view line) const;
  /// A warning on standard error: "warning: ...".
  void Warn(std::string_view line) const;
  Status PrintListing(const Listing& listing) const;
  /// One object on standard output: `text` for people, `json` for programs, `name` for --quiet and
  /// --format name (`text` when it is empty).
  Status PrintItem(std::string_view kind, const OrderedJson& json, std::string_view text,
                   std::string_view name = "") const;

  /// What ends the process at Ctrl-C; a server releases it and waits for signals itself.
  Interruption& interruption() const { return *interruption_; }

 private:
  Format format_ = Format::kTable;
  bool quiet_ = false;
  bool headers_ = true;
  TerminalStyle style_;
  std::string store_folder_;
  std::string host_;
  std::string api_key_file_;
  net::TlsClientOptions tls_;
  Interruption* interruption_ = nullptr;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace slipway::cli
