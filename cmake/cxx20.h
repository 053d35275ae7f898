/* Meson cannot tell a project that takes ttt in which standard to compile with. */
#if defined(__cplusplus) && __cplusplus < 202002L
#error "ttt needs C++20: project(..., default_options: ['cpp_std=c++20'])"
#endif
