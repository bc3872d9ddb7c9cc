// The lesson, on real digits: a network, its loss, its gradient, its update, in a loop.
//
//     x (b, 784)    h1 = relu(x W1 + b1) (b, 512)    h2 = relu(h1 W2 + b2) (b, 256)    out = relu(h2 W3 + b3) (b, 10)
//
// or with --model cnn a convolutional one: networks.hpp has both.
// docs/mnist.md tells more.
#include "data_folder.hpp"
#include "networks.hpp"
#include "optimizers.hpp"
#include "options.hpp"
#include "pictures.hpp"

#include <xgrad/train/html_report.hpp>
#include <xgrad/xgrad.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace xg = xgrad;

namespace {

// The images stay bytes, as they are in the files; a batch at a time they become numbers in [0, 1].
using images = xg::data::labelled_images<std::uint8_t>;

xg::tensor<float, 2> scaled(const xg::tensor<std::uint8_t, 2>& pixels) { return xg::astype<float>(pixels) / 255; }

// Set by Ctrl-C and looked at after each step, so that no file is ever left half-written.
volatile std::sig_atomic_t interrupted = 0;

// The learning rate, as a part of the highest, after a number of epochs out of so many. It rises during the first
// epoch: the first gradients all point the same way, and momentum would carry output units over the kink of their
// relu before they have learnt what to answer to. And it falls to 0, so that the last steps settle instead of jumping
// about.
double schedule(double epochs_done, double epochs) { return std::min(epochs_done, 1 - epochs_done / epochs); }

// What a run was begun with, as a part of its file: one of another kind is refused before anything else of it is read.
struct kind_of_run {
    const options& chosen;

    xg::parameter_list<double> state() const {
        const auto number = [](auto value) { return xg::tensor<double, 0>{static_cast<double>(value)}; };
        return {{"dataset", number(chosen.fashion)}, {"model", number(chosen.cnn)}, {"optimizer", number(chosen.optimizer_number())}};
    }
    void load_state(const auto& saved) const {
        for (const auto& own : state())
            for (const auto& [name, value] : saved)
                if (name == own.name() && value.item() != own.item())
                    throw std::runtime_error{chosen.resume + " (from --resume) is a run with another --" + name};
    }
};

struct outcome {
    xg::train::history log;
    double seconds = 0;   // of all epochs, those before a --resume among them
};

template <class Network>
outcome learn(Network& net, const images& set, const options& chosen) {
    auto batches = xg::data::loader{set, {.batch_size = chosen.batch_size, .shuffle = true}};
    const auto [opt, make_step] = make_optimizer(chosen, xg::nn::parameters(net));
    auto progress = xg::train::progress{{.epochs = chosen.epochs, .samples = set.size()}};
    const auto epochs = static_cast<double>(chosen.epochs), steps_per_epoch = static_cast<double>(batches.size());
    auto [log, seconds] = outcome{};
    auto kind = kind_of_run{chosen};
    if (!chosen.resume.empty() && xg::train::load_run(chosen.resume, kind, net, *opt, batches, log, seconds))
        std::printf("%s has %zu epochs of this run\n", chosen.resume.c_str(), static_cast<std::size_t>(batches.position().epoch));
    auto steps = static_cast<double>(batches.position().epoch) * steps_per_epoch;
    for (auto epoch = static_cast<std::size_t>(batches.position().epoch); epoch < chosen.epochs; ++epoch) {
        const auto begin = std::chrono::steady_clock::now();
        progress.begin_epoch(epoch);
        for (auto [x, y] : batches) {
            steps += 1;
            opt->lr(chosen.learning_rate() * schedule(steps / (steps_per_epoch + 1), epochs));

            const auto out = net(scaled(x));
            const auto loss = Network::loss(out, y);
            opt->zero_grad();
            loss.backward();
            make_step();

            if (!std::isfinite(loss.item()))
                throw std::runtime_error{"the loss is no number any more; choose a smaller --lr"};
            if (interrupted != 0) return {log, seconds};
            progress.step(y.size(), loss.item(), xg::train::count_correct(out, y));
        }
        progress.end_epoch();
        seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        log.add(static_cast<double>(epoch + 1), {{"loss", progress.loss()}, {"accuracy", progress.accuracy()}});
        if (!chosen.resume.empty()) xg::train::save_run(chosen.resume, kind, net, *opt, batches, log, seconds);
    }
    return {log, seconds};
}

xg::train::class_names names_of_classes(const options& chosen) {
    if (!chosen.fashion) return {};   // digits go by their numbers
    return {"T-shirt", "trousers", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "boot"};
}

std::string name_of(const xg::train::class_names& names, std::int64_t number) {
    return names.empty() ? std::to_string(number) : names[static_cast<std::size_t>(number)];
}

// Tells of output units that give 0 for nearly every image of their own class: their relu is dead.
void report_dead_units(const xg::tensor<float, 2>& out, const xg::tensor<std::int64_t, 1>& labels) {
    auto all = std::vector<std::size_t>(classes), silent = std::vector<std::size_t>(classes);
    for (auto i = std::size_t{0}; i < labels.size(); ++i) {
        const auto label = static_cast<std::size_t>(labels(i));
        ++all[label];
        if (out(i, label) <= 0) ++silent[label];
    }
    for (auto c = std::size_t{0}; c < classes; ++c)
        if (2 * silent[c] > all[c])
            std::printf("\noutput unit %zu is dead: it gives 0 for %zu of the %zu images of its class; "
                        "a smaller --lr helps, or another --seed\n", c, silent[c], all[c]);
}

// The outputs for all images, (n, 10), a thousand at a time.
template <class Network>
xg::tensor<float, 2> outputs(Network& net, const images& set) {
    xg::nn::eval(net);
    const auto without_graph = xg::no_grad{};
    auto parts = std::vector<xg::tensor<float, 2>>{};
    for (auto [x, y] : xg::data::loader{set, {.batch_size = 1000}}) parts.push_back(net(scaled(x)));
    return xg::concat(parts, 0);
}

// The page that --report names: the curves, the confusion matrix, and the mistakes that the network was surest of.
void write_report(const outcome& learnt, const images& set, const xg::tensor<float, 2>& out,
                  const xg::tensor<std::int64_t, 1>& predicted, const xg::train::confusion_matrix& matrix,
                  const std::string& network, const options& chosen) {
    const auto names = names_of_classes(chosen);
    auto wrong = std::vector<std::pair<float, std::size_t>>{};
    for (auto i = std::size_t{0}; i < set.size(); ++i)
        if (predicted(i) != set.y(i)) wrong.emplace_back(out(i, set.y(i)) - out(i, predicted(i)), i);
    std::sort(wrong.begin(), wrong.end());
    auto mistakes = std::vector<xg::train::report_picture>{};
    for (auto n = std::size_t{0}; n < std::min<std::size_t>(wrong.size(), 24); ++n) {
        const auto i = wrong[n].second;
        mistakes.push_back({name_of(names, set.y(i)) + ", taken for " + name_of(names, predicted(i)),
                            xg::reshape(scaled(xg::narrow(set.x, i, 1, 0)), {28, 28})});
    }
    const auto number = [](double value) { return xg::train::number_text(value); };
    auto settings = std::vector<std::pair<std::string, std::string>>{
        {"network", network},
        {"epochs", std::to_string(chosen.epochs)},
        {"batch size", std::to_string(chosen.batch_size)},
        {"optimizer", chosen.optimizer},
        {"learning rate", number(chosen.learning_rate())},
        {"seed", std::to_string(chosen.seed)},
    };
    if (chosen.has_momentum()) settings.insert(settings.end() - 1, {"momentum", number(chosen.momentum.value_or(default_momentum))});
    xg::train::html_report(chosen.report, learnt.log,
                           {.title = chosen.fashion ? "Fashion-MNIST" : "MNIST",
                            .settings = settings,
                            .confusion = matrix,
                            .classes = names,
                            .mistakes = mistakes,
                            .seconds = chosen.load.empty() ? learnt.seconds : std::nan("")});
    std::printf("\nthe report is in %s\n", chosen.report.c_str());
}

template <class Network>
void test(Network& net, const images& set, const options& chosen, const outcome& learnt) {
    const auto out = outputs(net, set);
    const auto predicted = xg::argmax(out, 1);
    const auto names = names_of_classes(chosen);
    auto matrix = xg::train::confusion_matrix{classes};
    matrix.add(set.y, predicted);
    std::printf("\ntest accuracy: %s\n", xg::train::percent(matrix.accuracy()).c_str());
    if (!chosen.cnn) report_dead_units(out, set.y);
    std::printf("\nlabels in rows, predictions in columns:\n\n%s", xg::train::confusion_table(matrix, names).c_str());

    auto wrong = std::vector<picture>{};
    for (auto i = std::size_t{0}; i < set.size() && wrong.size() < 6; ++i)
        if (predicted(i) != set.y(i))
            wrong.push_back({name_of(names, set.y(i)) + ", taken for " + name_of(names, predicted(i)),
                             set.x.span().subspan(i * set.x.shape(1), set.x.shape(1))});
    if (!chosen.report.empty()) write_report(learnt, set, out, predicted, matrix, Network::description, chosen);
    if (wrong.empty()) return;
    std::printf("\nthe first that it got wrong:\n%s",
                draw(wrong, xg::train::terminal_width(stdout), !locale_is_utf8()).c_str());
}

images load_images(const std::string& folder, xg::data::split part) {
    auto set = xg::data::mnist<std::uint8_t>(folder, part);
    if (set.size() == 0) throw std::runtime_error{"there is no image in the files of " + folder};
    if (set.x.shape(1) != 784)
        throw std::runtime_error{"the images in " + folder + " have " + std::to_string(set.x.shape(1)) +
                                 " pixels; the network takes 28 x 28 = 784"};
    return set;
}

// An hour of training should not end in a wrong path.
void check_can_be_saved(const std::string& path, const std::string& option) {
    auto ignored = std::error_code{};
    const auto folder = std::filesystem::path{path}.parent_path();
    if (std::filesystem::is_directory(path, ignored))
        throw std::runtime_error{path + " (from " + option + ") is a folder, not a file"};
    if (!folder.empty() && !std::filesystem::is_directory(folder, ignored))
        throw std::runtime_error{"there is no folder " + folder.string() + " to " + option + " into"};
}

template <class Network>
int run(const options& chosen) {
    if (chosen.threads != 0) xg::set_num_threads(chosen.threads);
    if (!chosen.save.empty()) check_can_be_saved(chosen.save, "--save");
    if (!chosen.report.empty()) check_can_be_saved(chosen.report, "--report");
    if (!chosen.resume.empty()) check_can_be_saved(chosen.resume, "--resume");
    const auto folder = find_data_folder(chosen);

    xg::manual_seed(chosen.seed);
    auto net = Network::untrained();
    auto learnt = outcome{};
    std::printf("%s\n", xg::build_info().c_str());
    if (chosen.load.empty()) {
        const auto set = load_images(folder, xg::data::split::train);
        std::printf("%zu images from %s, network %s, %zu parameters\n\n", set.size(), folder.c_str(),
                    Network::description, xg::nn::parameter_count(net));
        std::fflush(stdout);
        learnt = learn(net, set, chosen);
        if (interrupted != 0) {
            std::fprintf(stderr, "mnist: interrupted\n");
            return 130;
        }
        if (!chosen.save.empty()) {
            xg::io::save(net, chosen.save);
            std::printf("\nthe weights are in %s\n", chosen.save.c_str());
        }
    } else {
        xg::io::load(net, chosen.load);
        std::printf("weights from %s, images from %s\n", chosen.load.c_str(), folder.c_str());
    }
    test(net, load_images(folder, xg::data::split::test), chosen, learnt);
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    std::signal(SIGINT, [](int) { interrupted = 1; });
    try {
        const auto chosen = parse_options(count, arguments);
        if (chosen.help) std::printf("%s", help_text().c_str());
        else if (chosen.version) std::printf("%s\n", xg::build_info().c_str());
        else return chosen.cnn ? run<cnn>(chosen) : run<mlp>(chosen);
        return 0;
    } catch (const usage_error& wrong) {
        std::fprintf(stderr, "mnist: %s\n", wrong.what());
        return 2;
    } catch (const std::exception& wrong) {
        std::fprintf(stderr, "mnist: %s\n", wrong.what());
        return 1;
    }
}
