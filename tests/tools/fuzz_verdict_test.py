"""Whose fault a crash is, as tools/fuzz_verdict reads it out of a sanitizer's report."""
import importlib.machinery
import importlib.util
import pathlib
import tempfile
import unittest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent.parent / "tools" / "fuzz_verdict"
loader = importlib.machinery.SourceFileLoader("fuzz_verdict", str(SCRIPT))
verdict = importlib.util.module_from_spec(importlib.util.spec_from_loader("fuzz_verdict", loader))
loader.exec_module(verdict)

LIBRARIES = ["libhdf5_serial.so"]
BUILD = "(BuildId: a4ae9f2aabf03fb3071dd6c07d0d367a49ff25c0)"


def excuse(report, source="keras_h5-crash-1"):
    return verdict.excuse_for(source, report, LIBRARIES)


class FuzzVerdictTest(unittest.TestCase):
    def test_a_fault_in_the_library_is_the_librarys(self):
        report = f"""==1==ERROR: AddressSanitizer: SEGV on unknown address 0x623000480110
    #0 0x7f0dedb67b56 in H5HG_read (/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x167b56) {BUILD}
    #1 0x561c04c8df86 in slipway::ReadStrings[abi:cxx11](long, long) src/import/keras/hdf5_file.cc:40:9
"""
        self.assertEqual(excuse(report), "libhdf5_serial.so")

    def test_functions_of_the_sanitizer_and_the_c_library_above_it_are_passed_over(self):
        report = f"""==1== ERROR: libFuzzer: timeout after 12 seconds
    #0 0x5612433607c1 in __sanitizer_print_stack_trace (/build/fuzz_keras_h5+0x3ee7c1) {BUILD}
    #1 0x5612432d3118 in fuzzer::PrintStackTrace() crtstuff.c
    #2 0x7f163205a04f  (/lib/x86_64-linux-gnu/libc.so.6+0x3c04f) {BUILD}
    #3 0x7f1632171549 in __memset_avx2_unaligned_erms string/../sysdeps/x86_64/multiarch/memset-vec-unaligned-erms.S:335
    #4 0x5612432ed53d in memset (/build/fuzz_keras_h5+0x37b53d) {BUILD}
    #5 0x7f163244dddb  (/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x24dddb) {BUILD}
"""
        self.assertEqual(excuse(report), "libhdf5_serial.so")

    def test_a_fault_in_our_code_below_the_library_is_ours(self):
        report = f"""==1==ERROR: AddressSanitizer: heap-buffer-overflow
    #0 0x5612432ed53d in __asan_memcpy (/build/fuzz_keras_h5+0x37b53d) {BUILD}
    #1 0x561243435f86 in slipway::Read(H5FD_t*, void*) src/import/keras/hdf5_mapping_driver.cc:67:3
    #2 0x7f163244dddb in H5FD_read (/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x24dddb) {BUILD}
"""
        self.assertIsNone(excuse(report))

    def test_memory_that_our_code_asks_for_is_ours(self):
        report = f"""==1== ERROR: libFuzzer: out-of-memory (malloc(4076867592))
    #0 0x55c6c2ec87c1 in operator new(unsigned long) (/build/fuzz_keras_h5+0x3ee7c1) {BUILD}
    #1 0x7f16320c3a10 in std::string::_M_create(unsigned long&) (/lib/x86_64-linux-gnu/libstdc++.so.6+0xc3a10) {BUILD}
    #2 0x561243435f86 in slipway::ReadStrings[abi:cxx11](long, long) src/import/keras/hdf5_file.cc:40:9
    #3 0x7f163244dddb in H5Aread (/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x24dddb) {BUILD}
"""
        self.assertIsNone(excuse(report))

    def test_only_the_first_stack_counts(self):
        report = f"""==1==ERROR: AddressSanitizer: heap-use-after-free
    #0 0x561243435f86 in slipway::Use(int*) src/import/keras/hdf5_file.cc:40:9

freed by thread T0 here:
    #0 0x7f163244dddb in H5MM_xfree (/lib/x86_64-linux-gnu/libhdf5_serial.so.103+0x24dddb) {BUILD}
"""
        self.assertIsNone(excuse(report))

    def test_a_fault_in_a_library_that_is_not_named_is_ours(self):
        report = f"""==1==ERROR: AddressSanitizer: SEGV on unknown address
    #0 0x7f163244dddb in archive_read (/lib/x86_64-linux-gnu/libarchive.so.13+0x24dddb) {BUILD}
"""
        self.assertIsNone(excuse(report))

    def test_what_took_long_only_on_a_busy_machine_is_no_error_but_a_crash_that_does_not_come_back_is(self):
        self.assertIsNotNone(excuse("", "build/fuzz/crashes/keras_h5-timeout-1"))
        self.assertIsNone(excuse("", "build/fuzz/crashes/keras_h5-crash-1"))

    def test_the_file_of_libraries_may_say_why(self):
        with tempfile.NamedTemporaryFile("w") as file:
            file.write("# because\nliba.so\nlibb.so\n")
            file.flush()
            self.assertEqual(verdict.read_libraries(pathlib.Path(file.name)), ["liba.so", "libb.so"])


if __name__ == "__main__":
    unittest.main()
