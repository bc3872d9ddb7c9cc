// The test is that this program could be compiled and linked: see CMakeLists.txt beside it.
int main() {}
