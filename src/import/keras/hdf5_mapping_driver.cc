#include "import/keras/hdf5_mapping_driver.h"

#include <cstring>
#include <memory>

namespace slipway::import::keras {

namespace {

using Bytes = std::span<const std::byte>;

struct MappedHdf5 {
  H5FD_t base;  ///< the library's own part; stands first, it casts between the two
  Bytes bytes;
  haddr_t end_of_allocation = 0;
};

MappedHdf5& Self(H5FD_t* file) { return *reinterpret_cast<MappedHdf5*>(file); }
const MappedHdf5& Self(const H5FD_t* file) { return *reinterpret_cast<const MappedHdf5*>(file); }

H5FD_t* Open(const char* /*name*/, unsigned flags, hid_t access, haddr_t /*maximum*/) {
  if ((flags & (H5F_ACC_RDWR | H5F_ACC_CREAT | H5F_ACC_TRUNC)) != 0) return nullptr;
  const auto* bytes = static_cast<const Bytes*>(H5Pget_driver_info(access));
  if (bytes == nullptr) return nullptr;
  auto file = std::make_unique<MappedHdf5>();
  std::memset(&file->base, 0, sizeof(file->base));
  file->bytes = *bytes;
  // The library gives it back through Close().
  return reinterpret_cast<H5FD_t*>(file.release());
}

herr_t Close(H5FD_t* file) {
  const std::unique_ptr<MappedHdf5> owned(&Self(file));
  return 0;
}

int Compare(const H5FD_t* a, const H5FD_t* b) {
  const std::byte* first = Self(a).bytes.data();
  const std::byte* second = Self(b).bytes.data();
  return first < second ? -1 : first > second ? 1 : 0;
}

herr_t Query(const H5FD_t* /*file*/, unsigned long* flags) {
  *flags = H5FD_FEAT_DATA_SIEVE;
  return 0;
}

haddr_t EndOfAllocation(const H5FD_t* file, H5FD_mem_t /*type*/) {
  return Self(file).end_of_allocation;
}

herr_t SetEndOfAllocation(H5FD_t* file, H5FD_mem_t /*type*/, haddr_t address) {
  Self(file).end_of_allocation = address;
  return 0;
}

haddr_t EndOfFile(const H5FD_t* file, H5FD_mem_t /*type*/) { return Self(file).bytes.size(); }

herr_t Read(H5FD_t* file, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t address,
            std::size_t size, void* buffer) {
  const Bytes bytes = Self(file).bytes;
  if (address > bytes.size() || size > bytes.size() - address) return -1;
  std::memcpy(buffer, bytes.data() + address, size);
  return 0;
}

herr_t Write(H5FD_t* /*file*/, H5FD_mem_t /*type*/, hid_t /*transfer*/, haddr_t /*address*/,
             std::size_t /*size*/, const void* /*buffer*/) {
  return -1;
}

herr_t Lock(H5FD_t* /*file*/, hbool_t /*exclusive*/) { return 0; }
herr_t Unlock(H5FD_t* /*file*/) { return 0; }

H5FD_class_t DriverClass() {
  H5FD_class_t driver{};
  driver.name = "mapping";
  driver.maxaddr = (haddr_t{1} << 62) - 1;
  driver.fc_degree = H5F_CLOSE_STRONG;
  driver.fapl_size = sizeof(Bytes);
  driver.open = Open;
  driver.close = Close;
  driver.cmp = Compare;
  driver.query = Query;
  driver.get_eoa = EndOfAllocation;
  driver.set_eoa = SetEndOfAllocation;
  driver.get_eof = EndOfFile;
  driver.read = Read;
  driver.write = Write;
  driver.lock = Lock;
  driver.unlock = Unlock;
  for (H5FD_mem_t& kind : driver.fl_map) kind = H5FD_MEM_DEFAULT;
  return driver;
}

/// The driver as the library knows it, for as long as the process lives: H5Fclose lets go of a
/// file's driver before it calls Close() through it, so the file's own reference must not be the
/// last.
hid_t Registered() {
  static const hid_t registered = [] {
    const H5FD_class_t driver = DriverClass();
    return H5FDregister(&driver);
  }();
  return registered;
}

}  // namespace

hid_t OpenMappedHdf5(std::span<const std::byte> bytes) {
  const hid_t registered = Registered();
  if (registered < 0) return -1;
  const hid_t access = H5Pcreate(H5P_FILE_ACCESS);
  hid_t file = -1;
  if (H5Pset_driver(access, registered, &bytes) >= 0 &&
      H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0) {
    file = H5Fopen("mapping", H5F_ACC_RDONLY, access);
  }
  H5Pclose(access);
  return file;
}

}  // namespace slipway::import::keras
