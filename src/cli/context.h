#pragma once

#include <memory>
#include <string>

#include "base/status.h"
#include "cli/arguments.h"
#include "cli/output.h"
#include "cli/terminal.h"
#include "engine/engine.h"
#include "registry/registry.h"

namespace slipway::cli {

/// What every command works with: where the store is, how to print, and the expensive things made
/// on first use. Not thread-safe.
class Context {
 public:
  /// From the global flags.
  static Context From(const Arguments& arguments);

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
  /// The admin key of this user's store or of --api-key-file. NotFound (kAdminKeyMissing).
  Result<std::string> AdminKey() const;

  /// A line for people on standard error, not in --quiet.
  void Say(std::string_view line) const;
  /// A warning on standard error: "warning: ...".
  void Warn(std::string_view line) const;
  Status PrintListing(const Listing& listing) const;

 private:
  Format format_ = Format::kTable;
  bool quiet_ = false;
  bool headers_ = true;
  TerminalStyle style_;
  std::string store_folder_;
  std::string host_;
  std::string api_key_file_;
  std::unique_ptr<registry::Registry> registry_;
  std::unique_ptr<engine::Engine> engine_;
};

}  // namespace slipway::cli
