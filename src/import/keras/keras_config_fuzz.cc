#include <hdf5.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "import/keras/network_lowering.h"

namespace {

/// An HDF5 file with nothing in it: no layer finds weights.
std::string EmptyHdf5() {
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  H5Pset_fapl_core(access, 4096, false);
  const hid_t file = H5Fcreate("empty", H5F_ACC_TRUNC, H5P_DEFAULT, access);
  H5Fflush(file, H5F_SCOPE_GLOBAL);
  std::string bytes(static_cast<std::size_t>(H5Fget_file_image(file, nullptr, 0)), '\0');
  H5Fget_file_image(file, bytes.data(), bytes.size());
  H5Fclose(file);
  H5Pclose(access);
  return bytes;
}

}  // namespace

/// Any configuration: translated as far as it goes without weights, or refused.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace keras = slipway::import::keras;
  const auto config =
      slipway::ParseJson(std::string_view(reinterpret_cast<const char*>(data), size));
  if (!config.ok()) return 0;
  auto network = keras::ParseNetwork(*config);
  if (!network.ok()) return 0;
  static const std::string kEmpty = EmptyHdf5();
  auto weights = keras::Hdf5File::Open(std::as_bytes(std::span(kEmpty)), nullptr);
  if (!weights.ok()) std::abort();
  keras::SavedModel model{.network = std::move(network).value()};
  model.weights = std::make_shared<const keras::Hdf5File>(std::move(weights).value());
  (void)keras::LowerModel(model, nullptr).ok();
  return 0;
}
