#pragma once

#include <hdf5.h>

#include <map>
#include <string>

#include "base/status.h"
#include "import/keras/hdf5_file.h"

namespace slipway::import::keras {

/// What one walk over every link of a file finds, each thing checked before it is entered.
struct Hdf5Contents {
  std::map<std::string, Hdf5Dataset, std::less<>> datasets;
  std::map<std::string, bool, std::less<>> groups;
};

/// Walks the open `file`, whose bytes are `bytes`. Errors as Hdf5File::Open's.
Result<Hdf5Contents> SurveyHdf5(hid_t file, std::span<const std::byte> bytes,
                                const Hdf5Limits& limits);

}  // namespace slipway::import::keras
