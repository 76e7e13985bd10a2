// Read by the sanitizers' run time in builds that have one: a confined process can start neither
// the leak checker's thread nor a symbolizer, and has no environment to be told so.

extern "C" const char* __asan_default_options();
extern "C" const char* __asan_default_options() {
  return "detect_leaks=0:symbolize=0:abort_on_error=1";
}

extern "C" const char* __tsan_default_options();
extern "C" const char* __tsan_default_options() { return "symbolize=0:report_bugs=0"; }
