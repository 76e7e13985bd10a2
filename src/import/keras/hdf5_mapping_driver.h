#pragma once

#include <hdf5.h>

#include <cstddef>
#include <span>

namespace slipway::import::keras {

/// Opens HDF5 bytes that are already in memory, read-only and without a copy: a virtual file driver
/// of libhdf5 whose reads come out of `bytes`. `bytes` outlive the file. Negative: the library
/// refuses them.
hid_t OpenMappedHdf5(std::span<const std::byte> bytes);

}  // namespace slipway::import::keras
